import { parse } from '../pipeline/contracts/parse.ts';
import { compareMirror, type MirrorComparison } from '../pipeline/propagation/mirror-secret.ts';
import { MirrorRequest, mirrorDependencies } from './wiring/mirrors.ts';

/** The audit's question whether a copy is in step: nothing is written. */
export async function handler(event: unknown): Promise<MirrorComparison> {
  return compareMirror(mirrorDependencies, parse('The comparison request', MirrorRequest, event));
}
