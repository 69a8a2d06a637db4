import { apiKeyKind } from './wiring/kinds/api-key.ts';
import { verifierHandler } from './wiring/verifier.ts';

/** What the audit asks of the targets of API keys: it reads only, and knows Verify alone. */
export const handler = verifierHandler(apiKeyKind);
