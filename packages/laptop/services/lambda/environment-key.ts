import { AwsError, type Call } from '../../cloud.ts';
import { invalidParameter } from './errors.ts';
import type { FunctionSettings, LambdaFunction } from './state.ts';

/**
 * Variables under a customer's key: who changes them needs kms:Encrypt on it, who reads them kms:Decrypt, and without
 * that gets an error in their place. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
 */
export async function sealEnvironment(call: Call, functionArn: string, settings: FunctionSettings) {
  const { sealed: _, ...open } = settings;
  if (!settings.kmsKeyArn || !settings.variables) return open;
  try {
    const { CiphertextBlob } = await call.cloud.call({
      service: 'kms',
      operation: 'Encrypt',
      input: {
        KeyId: settings.kmsKeyArn,
        Plaintext: Buffer.from(functionArn),
        EncryptionContext: context(functionArn),
      },
      principal: call.principal,
      region: call.region,
    });
    return { ...open, sealed: CiphertextBlob as Uint8Array };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalidParameter(
      `Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: ${error.code} KMS Message: ${error.message}`,
    );
  }
}

/** What GetFunctionConfiguration shows instead of the variables, when the caller may not decrypt them. */
export async function openEnvironment(call: Call, fn: LambdaFunction, settings: FunctionSettings) {
  if (!settings.sealed) return undefined;
  try {
    await call.cloud.call({
      service: 'kms',
      operation: 'Decrypt',
      input: { CiphertextBlob: settings.sealed, EncryptionContext: context(fn.arn) },
      principal: call.principal,
      region: call.region,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      ErrorCode: error.code,
      Message: `Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: ${error.code}KMS Message: ${error.message}`,
    };
  }
}

const context = (functionArn: string) => ({ 'aws:lambda:FunctionArn': functionArn });
