import { AwsError } from '../cloud.ts';
import { own } from '../own.ts';
import type { Spoken } from './write-answer.ts';

/** What the endpoint itself refuses, by the JSON protocols' names, and how query and REST say it. */
const edge: Readonly<Record<string, { query: string; restStatus: number; queryStatus: number }>> = {
  MissingAuthenticationTokenException: { query: 'MissingAuthenticationToken', restStatus: 403, queryStatus: 403 },
  IncompleteSignatureException: { query: 'IncompleteSignature', restStatus: 403, queryStatus: 400 },
  UnrecognizedClientException: { query: 'InvalidClientTokenId', restStatus: 403, queryStatus: 403 },
  InvalidSignatureException: { query: 'SignatureDoesNotMatch', restStatus: 403, queryStatus: 403 },
  ExpiredTokenException: { query: 'ExpiredToken', restStatus: 403, queryStatus: 403 },
  SerializationException: { query: 'MalformedInput', restStatus: 400, queryStatus: 400 },
  UnknownOperationException: { query: 'InvalidAction', restStatus: 404, queryStatus: 400 },
};

/** An error of the endpoint in the words of the protocol that the caller speaks. */
export function inProtocol(error: AwsError, spoken: Spoken, service: string): AwsError {
  const known = own(edge, error.code);
  if (!known) return error;
  if (spoken === 'awsQuery' || spoken === 'ec2Query') {
    return new AwsError(known.query, error.message, { httpStatus: known.queryStatus, cause: error });
  }
  if (spoken !== 'restJson1') return error;
  if (error.code === 'SerializationException') {
    const code = service === 'lambda' ? 'InvalidRequestContentException' : 'SerializationException';
    return new AwsError(code, error.message, { cause: error });
  }
  return new AwsError(error.code, error.message, { httpStatus: known.restStatus, cause: error });
}

/** How services word a missing member that their model requires. */
export function missingMemberError(service: string, paths: readonly string[], text: string): AwsError {
  const first = (paths[0] ?? '').split('.').map(upperFirst).join('.');
  if (service === 'iam' || service === 'sts' || service === 'cloudformation')
    return new AwsError('ValidationError', text);
  if (service === 'rds' || service === 'sqs' || service === 'ec2') {
    return new AwsError('MissingParameter', `The request must contain the parameter ${first}.`);
  }
  if (service === 'sns') return new AwsError('InvalidParameter', `Invalid parameter: ${first}`);
  if (service === 'monitoring') return new AwsError('MissingParameter', `The parameter ${first} is required.`);
  if (service === 'apigateway') return new AwsError('BadRequestException', text);
  return new AwsError('ValidationException', text);
}

const upperFirst = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
