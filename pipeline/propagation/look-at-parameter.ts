import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { isNamed } from '../errors.ts';

export interface ParameterVersion {
  readonly version: number;
  readonly modifiedAt: Date;
}

export const ParameterLook = v.object({ parameterName: v.pipe(v.string(), v.nonEmpty()) });
export type ParameterLook = v.InferOutput<typeof ParameterLook>;

/**
 * Task state LookAtParameter: the number of the version that a parameter has now; null where it has been deleted. Reads only.
 * A state machine that asked Parameter Store itself would keep the value in its history, which the answer holds.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export async function lookAtParameter(
  ssm: Pick<SSMClient, 'send'>,
  { parameterName }: ParameterLook,
): Promise<{ version: number | null }> {
  const current = await readVersion(ssm, parameterName);
  return { version: current?.version ?? null };
}

export async function readVersion(
  ssm: Pick<SSMClient, 'send'>,
  parameterName: string,
): Promise<ParameterVersion | undefined> {
  try {
    // Without decryption: only the number and the date are looked at.
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: parameterName }));
    return { version: Parameter?.Version ?? 0, modifiedAt: Parameter?.LastModifiedDate ?? new Date(0) };
  } catch (error) {
    if (isNamed(error, 'ParameterNotFound')) return undefined;
    throw error;
  }
}
