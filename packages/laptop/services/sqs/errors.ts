import { AwsError } from '../../cloud.ts';

export const invalidValue = (message: string) => new AwsError('InvalidParameterValue', message);
export const missingParameter = (name: string) =>
  new AwsError('MissingParameter', `The request must contain the parameter ${name}.`);
export const noQueue = () => new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
export const badHandle = (handle: string) =>
  new AwsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`);

/** A number that the request may leave out. */
export function checkNumber(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
  reason: string,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw invalidValue(`Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
}
