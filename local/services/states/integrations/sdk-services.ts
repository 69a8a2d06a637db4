/** How a service is called in a Task's resource, and in its errors. */
export interface SdkService {
  /** SigV4 signing name of the laptop's service. */
  readonly name: string;
  /** Prefix of errors of `aws-sdk:` integrations: the service in AWS's Java SDK. */
  readonly java: string;
  /** Prefix of errors of optimized integrations. */
  readonly optimized: string;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html */
export const sdkServices: Readonly<Record<string, SdkService>> = {
  secretsmanager: { name: 'secretsmanager', java: 'SecretsManager', optimized: 'SecretsManager' },
  lambda: { name: 'lambda', java: 'Lambda', optimized: 'Lambda' },
  dynamodb: { name: 'dynamodb', java: 'DynamoDb', optimized: 'DynamoDB' },
  events: { name: 'events', java: 'EventBridge', optimized: 'EventBridge' },
  states: { name: 'states', java: 'Sfn', optimized: 'StepFunctions' },
  sns: { name: 'sns', java: 'Sns', optimized: 'SNS' },
  sqs: { name: 'sqs', java: 'Sqs', optimized: 'SQS' },
  ssm: { name: 'ssm', java: 'Ssm', optimized: 'Ssm' },
  rds: { name: 'rds', java: 'Rds', optimized: 'Rds' },
  cloudwatch: { name: 'monitoring', java: 'CloudWatch', optimized: 'CloudWatch' },
  iam: { name: 'iam', java: 'Iam', optimized: 'Iam' },
  sts: { name: 'sts', java: 'Sts', optimized: 'Sts' },
  kms: { name: 'kms', java: 'Kms', optimized: 'Kms' },
  scheduler: { name: 'scheduler', java: 'Scheduler', optimized: 'Scheduler' },
  cloudwatchlogs: { name: 'logs', java: 'CloudWatchLogs', optimized: 'CloudWatchLogs' },
  apigatewayv2: { name: 'apigateway', java: 'ApiGatewayV2', optimized: 'ApiGatewayV2' },
  bedrock: { name: 'bedrock', java: 'Bedrock', optimized: 'Bedrock' },
  bedrockruntime: { name: 'bedrock', java: 'BedrockRuntime', optimized: 'Bedrock' },
};

const aliases: Readonly<Record<string, string>> = { eventbridge: 'events', sfn: 'states' };

export function aliasOfService(name: string): string {
  return aliases[name] ?? name;
}
