import { StatesError } from './errors.ts';

/** 256 KiB. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const PAYLOAD_BYTES = 262_144;

/** @throws StatesError States.DataLimitExceeded */
export function refuseLarge(value: unknown, name: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (bytes <= PAYLOAD_BYTES) return;
  throw new StatesError(
    'States.DataLimitExceeded',
    `The state/task '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
