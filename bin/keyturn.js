#!/usr/bin/env node
import { register } from 'tsx/esm/api';

// The sources are TypeScript; tsx turns them into what this Node runs as they are imported.
register();
await import('./keyturn.ts');
