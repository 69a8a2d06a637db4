#!/usr/bin/env node
import { bundledCommandLine } from './bundled-command-line.js';

// The SDK warns of Node's age in ten lines at each start; package.json says which versions run this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
// The cloud of `local` finds its own files beside its sources, so it runs from them.
const bundle = process.argv[2] === 'local' ? undefined : await bundledCommandLine();
if (bundle === undefined) {
  // The sources are TypeScript; tsx turns them into what this Node runs as they are imported.
  const { register } = await import('tsx/esm/api');
  register();
}
await import(bundle ?? './keyturn.ts');
