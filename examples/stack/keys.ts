import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { acknowledge } from 'keyturn';

/** A parameter that people change; /health shows it. */
export const BANNER = '/example/banner';

export interface ExampleKeysProps {
  readonly encryptionKey: kms.IKey;
}

/** The JWT signing key, the Bedrock API key with the IAM user that it belongs to, and configuration that people change. */
export class ExampleKeys extends Construct {
  readonly jwtSecret: secretsmanager.ISecret;
  readonly apiKeySecret: secretsmanager.ISecret;
  /** Belongs to the API key alone: whatever credential it has and no version names is an orphan. */
  readonly bedrockUser: iam.User;
  readonly featuresSecret: secretsmanager.ISecret;
  readonly banner: ssm.StringParameter;

  constructor(scope: Construct, id: string, { encryptionKey }: ExampleKeysProps) {
    super(scope, id);
    this.jwtSecret = new secretsmanager.Secret(this, 'Jwt', {
      secretName: 'example/jwt',
      description: 'Signs the tokens of /login; rotated by Keyturn',
      encryptionKey,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({
          jwt_algorithm: 'HS256',
          jwt_issuer: 'example',
          jwt_audience: 'example',
          jwt_access_token_expire_minutes: 5,
        }),
        generateStringKey: 'jwt_secret_key',
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
    this.apiKeySecret = new secretsmanager.Secret(this, 'ApiKey', {
      secretName: 'example/bedrock-api-key',
      description: 'The Bedrock API key of /chat; made by the set-up function, rotated by Keyturn',
      encryptionKey,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ api_key_id: 'none-yet' }),
        generateStringKey: 'api_key',
        excludePunctuation: true,
      },
    });
    this.featuresSecret = new secretsmanager.Secret(this, 'Features', {
      secretName: 'example/features',
      description: 'Switches of the application; put by people, brought to the functions by Keyturn',
      encryptionKey,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ chat: true }),
        generateStringKey: 'salt',
        excludePunctuation: true,
      },
    });
    acknowledge(this.featuresSecret, 'Switches, put by people: there is nothing to rotate.', 'SMG4');
    this.banner = new ssm.StringParameter(this, 'Banner', {
      parameterName: BANNER,
      description: 'A line that /health shows; changed by people, brought to the functions by Keyturn',
      stringValue: 'welcome',
    });
    this.bedrockUser = new iam.User(this, 'BedrockUser', { userName: 'example-bedrock-api-key' });
  }
}
