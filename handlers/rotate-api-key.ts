import { apiKeyKind } from './wiring/kinds/api-key.ts';
import { rotatorHandler } from './wiring/rotator.ts';

/** The rotation function of API keys: Secrets Manager's four steps, and what the workflow asks. */
export const handler = rotatorHandler(apiKeyKind);
