import { start } from './start.js';

await start('main.ts', 'npm start');
