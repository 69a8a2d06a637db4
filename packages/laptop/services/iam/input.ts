import { randomBytes } from 'node:crypto';
import { AwsError } from '../../cloud.ts';

export const noSuchEntity = (message: string) => new AwsError('NoSuchEntity', message, { httpStatus: 404 });
export const alreadyExists = (message: string) => new AwsError('EntityAlreadyExists', message, { httpStatus: 409 });
export const deleteConflict = (message: string) => new AwsError('DeleteConflict', message, { httpStatus: 409 });
export const limitExceeded = (message: string) => new AwsError('LimitExceeded', message, { httpStatus: 409 });
export const validationError = (message: string) => new AwsError('ValidationError', message);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export function checkName(member: string, name: string, longest = 64): void {
  if (!/^[\w+=,.@-]*$/.test(name)) {
    throw validationError(
      `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  }
  const bound = name.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${longest}`;
  if (name.length === 0 || name.length > longest) {
    throw validationError(
      `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length ${bound}`,
    );
  }
}

export function checkPath(path = '/'): string {
  if (/^\/([!-~]+\/)?$/.test(path) && path.length <= 512) return path;
  throw validationError(
    'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
  );
}

export interface Tag {
  Key: string;
  Value: string;
}

export function readTags(tags: Tag[] = []): Map<string, string> {
  const read = new Map<string, string>();
  for (const { Key, Value } of tags) {
    if (read.has(Key))
      throw new AwsError('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    if (Key.length < 1 || Key.length > 128 || Value.length > 256)
      throw validationError('Tag keys have 1 to 128 characters, values up to 256.');
    read.set(Key, Value);
  }
  if (read.size > 50) throw limitExceeded('The number of tags has reached the maximum limit: 50');
  return read;
}

export const writeTags = (tags: ReadonlyMap<string, string>): Tag[] =>
  [...tags].map(([Key, Value]) => ({ Key, Value }));

/** One page of a list, and whether there is more, as IAM pages. */
export function page<Item>(items: readonly Item[], input: { MaxItems?: number; Marker?: string }) {
  const start = input.Marker === undefined ? 0 : Number(Buffer.from(input.Marker, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw validationError('Invalid Marker.');
  const most = input.MaxItems ?? 100;
  if (most < 1 || most > 1000) {
    throw validationError(
      `1 validation error detected: Value '${most}' at 'maxItems' failed to satisfy constraint: Member must have value ${most < 1 ? 'greater than or equal to 1' : 'less than or equal to 1000'}`,
    );
  }
  const end = start + most;
  const more = end < items.length;
  return {
    items: items.slice(start, end),
    paging: { IsTruncated: more, ...(more ? { Marker: Buffer.from(String(end)).toString('base64url') } : {}) },
  };
}

export const secretText = (bytes: number) => randomBytes(bytes).toString('base64');
