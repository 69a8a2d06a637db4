#!/usr/bin/env node
import { register } from 'tsx/esm/api';

// The sources are TypeScript; tsx turns them into what this Node runs as they are imported.
register();
// The SDK warns of Node's age in ten lines at each start; package.json says which versions run this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
await import('./keyturn.ts');
