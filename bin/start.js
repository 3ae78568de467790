/*
 * What both entries begin with. In JavaScript that old versions of Node can read, as everything else is TypeScript, which they cannot: so
 * that whoever starts Parvis with the wrong Node is told so.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 26;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs `entry`, a file of src/. `usage` is how to do so with the Node that the project brings. */
export function start(entry, usage) {
  if (Number(process.versions.node.split('.')[0]) < NEEDED) {
    console.error(
      `Parvis needs Node ${NEEDED} or newer, this is ${process.version}. Run "npm ci" here and use "${usage}": that brings its own Node.`,
    );
    process.exit(1);
  }
  // With NODE_COMPILE_CACHE set, Node has done so already, where the operator said.
  if (!process.env.NODE_COMPILE_CACHE) {
    const folder = compileCache();
    if (folder !== undefined) nodeModule.enableCompileCache(folder);
  }
  return import(`../src/${entry}`);
}

/**
 * Where compiled code is kept, which takes a third off the start. It is run without a question, so nobody else may be able to write there:
 * not in the shared folder that Node would take by itself. Undefined where this user has no such folder.
 */
function compileCache() {
  const folder = join(root, 'node_modules/.parvis-compile-cache');
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch {
    // It is there, or cannot be had: what follows sees which.
  }
  try {
    const { mode, uid } = lstatSync(folder);
    const isOwn = process.getuid === undefined || uid === process.getuid();
    return isOwn && (mode & 0o170000) === 0o040000 && (mode & 0o022) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}
