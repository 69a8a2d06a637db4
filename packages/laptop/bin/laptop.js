#!/usr/bin/env node
import { existsSync } from 'node:fs';

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`laptop: expected Node.js 20 or newer, this is ${process.versions.node}.\n`);
  process.exit(2);
}
// The SDK warns of Node's age in ten lines at each start; package.json says which versions run this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const sources = new URL('../command/command-line.ts', import.meta.url);
const isClone = existsSync(sources);
// In a clone the sources are TypeScript, which tsx turns into what this Node runs as they are imported.
if (isClone) (await import('tsx/esm/api')).register();
// A reader that goes away (`| head`) ends this as SIGPIPE ends other programs.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(141);
  });
}
const { runLaptop } = await import(isClone ? sources.href : '../dist/command/command-line.js');
process.exitCode = await runLaptop(process.argv.slice(2));
