import { parse } from '../pipeline/contracts/parse.ts';
import { type MirrorResult, mirrorSecret } from '../pipeline/propagation/mirror-secret.ts';
import { MirrorRequest, mirrorDependencies } from './wiring/mirrors.ts';

/** Task state MirrorSecret of propagate-secret. */
export async function handler(event: unknown): Promise<MirrorResult> {
  return mirrorSecret(mirrorDependencies, parse('The mirror request', MirrorRequest, event));
}
