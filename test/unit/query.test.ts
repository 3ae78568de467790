import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { readQuery, refuseKoaQuery } from '#http/query.ts';

function read(querystring: string): ReadonlyMap<string, string> {
  const refuse = (status: number) => {
    throw Object.assign(new Error('refused'), { status });
  };
  return readQuery({ querystring, throw: refuse as never });
}

describe('The query of an address', () => {
  it('is read as the first value of each name', () => {
    expect([...read('a=1&b=%C3%A9+x&a=2&c')]).toEqual([
      ['a', '1'],
      ['b', 'é x'],
      ['c', ''],
    ]);
    expect(read('').size).toBe(0);
    // Names of what every object has are names like others.
    expect(read('__proto__=x&constructor=y').get('__proto__')).toBe('x');
  });

  it('is refused where it is longer, or has more parameters, than any of ours', () => {
    expect(read('a&'.repeat(20)).size).toBe(1);
    expect(() => read('a&'.repeat(21))).toThrow(expect.objectContaining({ status: 400 }));
    expect(read(`a=${'x'.repeat(2_046)}`).size).toBe(1);
    expect(() => read(`a=${'x'.repeat(2_047)}`)).toThrow(expect.objectContaining({ status: 414 }));
  });

  it('is not to be had from Koa, whose way of reading it takes the square of its length', () => {
    const koa = new Koa();
    refuseKoaQuery(koa);
    const http = koa.createContext(
      { url: '/?a=1', headers: {} } as never,
      { getHeader: () => undefined, setHeader: () => {} } as never,
    );
    expect(() => http.query).toThrow('readQuery');
    expect(() => http.request.query).toThrow('readQuery');
    expect(http.querystring).toBe('a=1');
  });
});
