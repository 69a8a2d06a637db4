import { AwsError } from '../cloud.ts';

/** How each service says that it is asked too often; `ThrottlingException` where it is not listed. */
const throttling: Readonly<Record<string, readonly [code: string, message: string, httpStatus: number]>> = {
  dynamodb: [
    'ProvisionedThroughputExceededException',
    'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
    400,
  ],
  lambda: ['TooManyRequestsException', 'Rate exceeded', 429],
  apigateway: ['TooManyRequestsException', 'Too Many Requests', 429],
  bedrock: ['ThrottlingException', 'Too many requests, please wait before trying again.', 429],
  scheduler: ['ThrottlingException', 'Rate exceeded', 429],
  appconfig: ['ThrottlingException', 'Rate exceeded', 429],
  iam: ['Throttling', 'Rate exceeded', 400],
  sts: ['Throttling', 'Rate exceeded', 400],
  rds: ['Throttling', 'Rate exceeded', 400],
  cloudformation: ['Throttling', 'Rate exceeded', 400],
  monitoring: ['ThrottlingException', 'Rate exceeded', 400],
  sns: ['Throttled', 'Rate exceeded', 429],
  sqs: ['RequestThrottled', 'Request is throttled.', 400],
};

export function throttlingError(service: string): AwsError {
  const [code, message, httpStatus] = throttling[service] ?? ['ThrottlingException', 'Rate exceeded', 400];
  return new AwsError(code, message, { httpStatus });
}

/** The call has no answer: the wire drops or holds the connection, a caller inside the cloud sees a failed connection. */
export class NoAnswer extends AwsError {
  readonly how: 'reset' | 'never';

  constructor(how: 'reset' | 'never') {
    super(
      'SdkClientException',
      how === 'reset'
        ? 'Unable to execute HTTP request: Connection reset'
        : 'Unable to execute HTTP request: Read timed out',
      { httpStatus: 500 },
    );
    this.how = how;
  }
}
