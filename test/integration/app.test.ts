import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createApp } from '#app.ts';
import { readConfig } from '#config.ts';

test('A server that is stopped while it begins to listen leaves nothing running', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parvis-app-'));
  try {
    const app = await createApp({ ...readConfig({ DATA_DIR: dataDir }), port: 0 });
    const listening = app.listen();
    await app.stop();
    const port = await listening;
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
