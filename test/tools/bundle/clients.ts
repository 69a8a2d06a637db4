/** Clients and commands of every protocol that Keyturn's functions speak, to be bundled as they are. */
export { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
export { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
export { IAMClient, ListServiceSpecificCredentialsCommand } from '@aws-sdk/client-iam';
export { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
export {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
export { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
export { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
export { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
export { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
