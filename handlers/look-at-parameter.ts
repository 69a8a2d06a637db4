import { SSMClient } from '@aws-sdk/client-ssm';
import { parse } from '../pipeline/contracts/parse.ts';
import { lookAtParameter, ParameterLook } from '../pipeline/propagation/look-at-parameter.ts';

const ssm = new SSMClient({});

/** Task state LookAtParameter of await-convergence. */
export async function handler(event: unknown): Promise<{ version: number | null }> {
  return lookAtParameter(ssm, parse('The look at a parameter', ParameterLook, event));
}
