import { AwsError } from '../../cloud.ts';

export const invalidParameter = (what: string) => new AwsError('InvalidParameter', `Invalid parameter: ${what}`);
