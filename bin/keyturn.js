#!/usr/bin/env node
import { existsSync } from 'node:fs';

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`keyturn: expected Node.js 20 or newer, this is ${process.versions.node}.\n`);
  process.exit(2);
}
// The SDK warns of Node's age in ten lines at each start; package.json says which versions run this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
// The package holds the command line as one bundle; a clone makes it from the sources when they have changed.
const isClone = existsSync(new URL('keyturn.ts', import.meta.url));
const commandLine = isClone ? await sourcesInJavaScript() : '../dist/cli/keyturn.js';
if (commandLine !== undefined) await import(commandLine);

async function sourcesInJavaScript() {
  // The laptop finds its own files beside its sources, so it runs from them.
  if (process.argv[2] === 'local') (await import('tsx/esm/api')).register();
  const { bundledCommandLine } = await import('../tools/bundle/command-line.js');
  try {
    return await bundledCommandLine();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(error.code)) throw error;
    process.stderr.write(
      `keyturn: ${error.message}. A clone keeps its command line there: run it as a user who may write.\n`,
    );
    process.exitCode = 1;
    return undefined;
  }
}
