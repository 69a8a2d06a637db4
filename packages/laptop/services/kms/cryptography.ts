import { randomBytes } from 'node:crypto';
import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { decrypt, type EncryptionContext, encrypt, keyArnOf } from './ciphertext.ts';
import type { Key, KmsState } from './state.ts';
import { checkUsable, keyAccess } from './use.ts';

const LONGEST_PLAINTEXT_BYTES = 4096;

interface Input {
  KeyId?: string;
  EncryptionContext?: EncryptionContext;
  CiphertextBlob?: Uint8Array;
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html */
export function cryptographicOperations(state: KmsState): Record<string, Operation> {
  const keyOf = (input: Input, call: Call) => state.find(call.region, input.KeyId as string);
  const access =
    (name: string, find = keyOf) =>
    (input: Input, call: Call) => [
      keyAccess(find(input, call), `kms:${name}`, { encryptionContext: input.EncryptionContext ?? {} }, call.accountId),
    ];
  const ofCiphertext = ({ CiphertextBlob }: Input, call: Call) => {
    // The model does not require it: a dry run does without.
    if (CiphertextBlob) return state.find(call.region, keyArnOf(CiphertextBlob));
    throw new AwsError(
      'ValidationException',
      "Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
    );
  };
  const dataKey = (input: Input & { KeySpec?: string; NumberOfBytes?: number }, call: Call) => {
    const key = usable(keyOf(input, call));
    const plaintext = new Uint8Array(randomBytes(dataKeyBytes(input)));
    return { KeyId: key.arn, Plaintext: plaintext, CiphertextBlob: encrypt(key, plaintext, input.EncryptionContext) };
  };
  return {
    Encrypt: {
      validate: (input) => {
        const { length } = input.Plaintext as Uint8Array;
        if (length >= 1 && length <= LONGEST_PLAINTEXT_BYTES) return;
        const bound = length === 0 ? 'greater than or equal to 1' : `less than or equal to ${LONGEST_PLAINTEXT_BYTES}`;
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length ${bound}`,
        );
      },
      access: access('Encrypt'),
      handle: (input, call) => {
        const key = usable(keyOf(input, call));
        return {
          KeyId: key.arn,
          CiphertextBlob: encrypt(key, input.Plaintext, input.EncryptionContext),
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        };
      },
    },
    Decrypt: {
      access: access('Decrypt', ofCiphertext),
      handle: (input, call) => {
        const key = usable(ofCiphertext(input, call));
        if (input.KeyId !== undefined && keyOf(input, call) !== key) {
          throw new AwsError(
            'IncorrectKeyException',
            'The key ID in the request does not identify a CMK that can perform this operation.',
          );
        }
        return {
          KeyId: key.arn,
          Plaintext: decrypt(key, input.CiphertextBlob, input.EncryptionContext),
          EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        };
      },
    },
    GenerateDataKey: { access: access('GenerateDataKey'), handle: dataKey },
    GenerateDataKeyWithoutPlaintext: {
      access: access('GenerateDataKeyWithoutPlaintext'),
      handle: (input, call) => {
        const { Plaintext: _, ...rest } = dataKey(input, call);
        return rest;
      },
    },
    GenerateRandom: {
      access: () => [{ action: 'kms:GenerateRandom', resource: '*' }],
      handle: (input) => ({ Plaintext: new Uint8Array(randomBytes(boundedBytes(input.NumberOfBytes ?? 32))) }),
    },
  };
}

function usable(key: Key): Key {
  checkUsable(key);
  return key;
}

function dataKeyBytes(input: { KeySpec?: string; NumberOfBytes?: number }): number {
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined)) {
    throw new AwsError('ValidationException', 'Please specify either number of bytes or key spec.');
  }
  if (input.NumberOfBytes !== undefined) return boundedBytes(input.NumberOfBytes);
  return input.KeySpec === 'AES_128' ? 16 : 32;
}

function boundedBytes(count: number): number {
  if (count >= 1 && count <= 1024) return count;
  const bound = count < 1 ? 'greater than or equal to 1' : 'less than or equal to 1024';
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${count}' at 'numberOfBytes' failed to satisfy constraint: Member must have value ${bound}`,
  );
}
