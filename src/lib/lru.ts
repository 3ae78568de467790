export interface LruOptions<V> {
  maxEntries: number;
  /** Bound of the sum of `sizeOf` over all entries. A value greater than that by itself is not kept. */
  maxBytes?: number;
  sizeOf?: (value: V) => number;
  /** Milliseconds after which an entry is gone, counted from `set`; needs `now`. */
  ttlMs?: number;
  now?: () => number;
}

export interface Lru<K, V> {
  /** The value, which thereby becomes the most recently used. */
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): boolean;
  clear(): void;
  /** Entries held, expired ones included until they are asked for or pushed out. */
  readonly size: number;
  readonly bytes: number;
}

/** A cache that forgets the least recently used entry first. A Map iterates in the order of insertion, which is all it takes. */
export function createLru<K, V extends {} | null>(options: LruOptions<V>): Lru<K, V> {
  const { maxEntries, maxBytes = Infinity, sizeOf = () => 0, ttlMs = Infinity, now = () => 0 } = options;
  if (options.ttlMs !== undefined && !options.now) throw new TypeError('A time to live needs a clock');
  const entries = new Map<K, { value: V; size: number; expires: number }>();
  let bytes = 0;

  function remove(key: K): boolean {
    const entry = entries.get(key);
    if (!entry) return false;
    bytes -= entry.size;
    return entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.expires <= now()) {
        remove(key);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      remove(key);
      const size = sizeOf(value);
      if (size > maxBytes || maxEntries < 1) return;
      entries.set(key, { value, size, expires: now() + ttlMs });
      bytes += size;
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && bytes <= maxBytes) break;
        remove(oldest);
      }
    },
    delete: remove,
    clear() {
      entries.clear();
      bytes = 0;
    },
    get size() {
      return entries.size;
    },
    get bytes() {
      return bytes;
    },
  };
}
