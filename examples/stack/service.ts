import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from 'keyturn';
import { bundle } from '../../tools/bundle.ts';
import type { ExampleDatabase } from './database.ts';
import type { ExampleKeys } from './keys.ts';
import type { ExampleNetwork } from './network.ts';

const FUNCTIONS = fileURLToPath(new URL('../functions/', import.meta.url));
/** How long the functions keep a value, and how long one of their requests takes at the most. */
const CACHE_SECONDS = 5;
const LONGEST_REQUEST_SECONDS = 10;

type Route = 'login' | 'items' | 'chat' | 'health';

export interface ExampleServiceProps {
  readonly network: ExampleNetwork;
  readonly database: ExampleDatabase;
  readonly keys: ExampleKeys;
}

/** The application: an HTTP API and a function for each route. */
export class ExampleService extends Construct {
  readonly modelId = 'amazon.nova-micro-v1:0';
  readonly #network: ExampleNetwork;
  readonly #functions: Record<Route, lambda.Function>;

  constructor(scope: Construct, id: string, props: ExampleServiceProps) {
    super(scope, id);
    this.#network = props.network;
    const { database, keys } = props;
    const onDatabase = { DB_SECRET_ARN: database.appSecret.secretArn, DB_PROXY_HOST: database.proxy.endpoint };
    const onJwt = { JWT_SECRET_ARN: keys.jwtSecret.secretArn };
    this.#functions = {
      login: this.#function('Login', { ...onDatabase, ...onJwt }, [database.appSecret, keys.jwtSecret]),
      items: this.#function('Items', { ...onDatabase, ...onJwt }, [database.appSecret, keys.jwtSecret]),
      chat: this.#function(
        'Chat',
        { ...onJwt, API_KEY_SECRET_ARN: keys.apiKeySecret.secretArn, MODEL_ID: this.modelId },
        [keys.jwtSecret, keys.apiKeySecret],
      ),
      health: this.#function(
        'Health',
        {
          ...onDatabase,
          FEATURES_SECRET_ARN: keys.featuresSecret.secretArn,
          BANNER_PARAMETER: keys.banner.parameterName,
        },
        [database.appSecret, keys.featuresSecret],
      ),
    };
    keys.banner.grantRead(this.#functions.health);
    const model = `arn:${Stack.of(this).partition}:bedrock:*::foundation-model/${this.modelId}`;
    keys.bedrockUser.addToPolicy(new iam.PolicyStatement({ actions: ['bedrock:InvokeModel'], resources: [model] }));
    // A key is a bearer of its user; the action knows no resources.
    keys.bedrockUser.addToPolicy(
      new iam.PolicyStatement({ actions: ['bedrock:CallWithBearerToken'], resources: ['*'] }),
    );
    acknowledge(
      keys.bedrockUser,
      'The model is one; CallWithBearerToken knows no resources.',
      'IAM5[Resource::*]',
      `IAM5[Resource::arn:<AWS::Partition>:bedrock:*::foundation-model/${this.modelId}]`,
    );
    this.#setUp(props);
    this.#api();
  }

  functionArn(route: Route): string {
    return this.#functions[route].functionArn;
  }

  /** How the consumers are declared to the pipeline: the age of their cache and their longest request are what it counts on. */
  consumers(...routes: Route[]) {
    return routes.map((route) => ({
      name: route,
      functionArn: this.functionArn(route),
      freshness: 'notify' as const,
      maxAgeSeconds: CACHE_SECONDS,
      longestInvocationSeconds: LONGEST_REQUEST_SECONDS,
    }));
  }

  #api(): void {
    const api = new apigateway.HttpApi(this, 'Api', { description: 'The example: login, items, chat, health' });
    const add = (path: string, methods: apigateway.HttpMethod[], route: Route) =>
      api.addRoutes({ path, methods, integration: new HttpLambdaIntegration(route, this.#functions[route]) });
    add('/login', [apigateway.HttpMethod.POST], 'login');
    add('/items', [apigateway.HttpMethod.GET, apigateway.HttpMethod.POST], 'items');
    add('/chat', [apigateway.HttpMethod.POST], 'chat');
    add('/health', [apigateway.HttpMethod.GET], 'health');
    acknowledge(api, 'Who calls is known by the token of /login, which the functions verify.', 'APIG4');
    acknowledge(api, 'The functions log their own requests.', 'APIG1');
    new CfnOutput(Stack.of(this), 'ApiUrl', { value: api.apiEndpoint });
  }

  /** Run once after the first deployment: makes logins, tables and the first API key. */
  #setUp({ database, keys }: ExampleServiceProps): void {
    const setUp = this.#function(
      'SetUp',
      {
        SUPERUSER_SECRET_ARN: database.superuserSecret.secretArn,
        DB_SECRET_ARN: database.appSecret.secretArn,
        API_KEY_SECRET_ARN: keys.apiKeySecret.secretArn,
        BEDROCK_USER: keys.bedrockUser.userName,
      },
      [database.superuserSecret, database.appSecret, keys.apiKeySecret],
    );
    keys.apiKeySecret.grantWrite(setUp);
    setUp.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['iam:CreateServiceSpecificCredential', 'iam:ListServiceSpecificCredentials'],
        resources: [keys.bedrockUser.userArn],
      }),
    );
    new CfnOutput(Stack.of(this), 'SetUpFunction', { value: setUp.functionName });
  }

  /** Its own log and a place in the VPC; what it reads is granted where it is declared. */
  #role(id: string, logGroup: logs.LogGroup): iam.Role {
    const policy = 'service-role/AWSLambdaVPCAccessExecutionRole';
    const role = new iam.Role(this, `${id}Role`, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName(policy)],
    });
    logGroup.grantWrite(role);
    const named = `IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`;
    acknowledge(role, 'Network interfaces in a VPC: the actions know no resources.', named);
    return role;
  }

  #function(id: string, environment: Record<string, string>, reads: secretsmanager.ISecret[]): lambda.Function {
    const file = id === 'SetUp' ? 'set-up' : id.toLowerCase();
    const logGroup = new logs.LogGroup(this, `${id}Log`, {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const made = new lambda.Function(this, id, {
      role: this.#role(id, logGroup),
      logGroup,
      code: lambda.Code.fromAsset(bundle(`${FUNCTIONS}${file}.ts`)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      timeout: Duration.seconds(LONGEST_REQUEST_SECONDS),
      memorySize: 512,
      environment: { ...environment, SECRET_CACHE_TTL: String(CACHE_SECONDS) },
      vpc: this.#network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [this.#network.functions],
    });
    for (const secret of reads) secret.grantRead(made);
    return made;
  }
}
