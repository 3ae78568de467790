import { start } from './start.js';

await start('cli.ts', 'npm run -s parvis -- …');
