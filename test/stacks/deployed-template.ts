import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { renameContextKeys, renamePolicyKeys } from '../../packages/laptop/authorization/condition-keys.ts';
import { type NamedPolicy, simulate } from '../../packages/laptop/authorization/simulate.ts';

export const ACCOUNT = '123456789012';
export const REGION = 'eu-central-1';

interface Resource {
  readonly Type: string;
  readonly Properties: any;
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: Readonly<Record<string, Record<string, string | string[]>>>;
}

/** A policy that is attached to a resource, with the resource's ARN. */
export interface ResourcePolicy {
  readonly kind: string;
  readonly arn: string;
  readonly statements: readonly Statement[];
}

const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'Test',
};

/** How the ARN of a resource is made that the template gives no name: its logical id stands for it. */
const arnForms: Readonly<Record<string, (name: string) => string>> = {
  'AWS::SNS::Topic': (name) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`,
  'AWS::SQS::Queue': (name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
  'AWS::Lambda::Function': (name) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
  'AWS::Events::Rule': (name) => `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}`,
  'AWS::Events::EventBus': (name) => `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${name}`,
  'AWS::StepFunctions::StateMachine': (name) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`,
  'AWS::IAM::Role': (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
  'AWS::IAM::User': (name) => `arn:aws:iam::${ACCOUNT}:user/${name}`,
  'AWS::DynamoDB::Table': (name) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`,
  'AWS::Logs::LogGroup': (name) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}:*`,
  'AWS::SecretsManager::Secret': (name) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`,
  'AWS::KMS::Key': (name) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${name}`,
};
/** Types whose Ref is their ARN. */
const refIsArn = ['AWS::SNS::Topic', 'AWS::StepFunctions::StateMachine', 'AWS::SecretsManager::Secret'];

/** A synthesized stack as it would be deployed: every intrinsic of its policies is a text. */
export class DeployedTemplate {
  readonly #resources: Readonly<Record<string, Resource>>;

  constructor(stack: Stack) {
    this.#resources = Template.fromStack(stack).toJSON().Resources;
  }

  of(type: string): [string, any][] {
    return Object.entries(this.#resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, { Properties }]) => [id, this.resolve(Properties)]);
  }

  types(): string[] {
    return [...new Set(Object.values(this.#resources).map(({ Type }) => Type))];
  }

  /** The ARN of the one resource of a type whose logical id or description fits. */
  arn(type: string, fits: RegExp): string {
    const found = Object.entries(this.#resources)
      .filter(([, { Type }]) => Type === type)
      .filter(([id, { Properties }]) => fits.test(id) || fits.test(Properties?.Description ?? ''));
    if (found.length !== 1) throw new Error(`Expected one ${type} that fits ${fits}, found ${found.length}.`);
    return this.#arnOf(found[0]?.[0] as string);
  }

  /** @throws where an intrinsic is not known here: a policy that cannot be read is none that was judged */
  resolve(value: any): any {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item));
    if (typeof value !== 'object' || value === null) return value;
    if ('Ref' in value) return this.#ref(value.Ref);
    if ('Fn::GetAtt' in value) return this.#attribute(value['Fn::GetAtt']);
    if ('Fn::Join' in value) return this.resolve(value['Fn::Join'][1]).join(value['Fn::Join'][0]);
    if ('Fn::Select' in value) return this.resolve(value['Fn::Select'][1])[value['Fn::Select'][0]];
    if ('Fn::Split' in value) return String(this.resolve(value['Fn::Split'][1])).split(value['Fn::Split'][0]);
    const intrinsic = Object.keys(value).find((key) => key.startsWith('Fn::'));
    if (intrinsic) throw new Error(`${intrinsic} is not known to test/stacks/deployed-template.ts.`);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.resolve(item)]));
  }

  #ref(id: string): string {
    const known = pseudo[id];
    if (known !== undefined) return known;
    const { Type } = this.#resources[id] as Resource;
    return refIsArn.includes(Type) ? this.#arnOf(id) : this.#nameOf(id);
  }

  #attribute([id, attribute]: [string, string]): string {
    if (attribute === 'Arn' || attribute === 'TopicArn') return this.#arnOf(id);
    return `${id}.${attribute}`;
  }

  #arnOf(id: string): string {
    const form = arnForms[this.#resources[id]?.Type ?? ''];
    if (!form)
      throw new Error(
        `The ARN of ${id}, ${this.#resources[id]?.Type}, is not known to test/stacks/deployed-template.ts.`,
      );
    return form(this.#nameOf(id));
  }

  #nameOf(id: string): string {
    const { Name, RoleName, FunctionName, StateMachineName } = this.#resources[id]?.Properties ?? {};
    return [Name, RoleName, FunctionName, StateMachineName].find((name) => typeof name === 'string') ?? id;
  }

  /** Every role by what it is for: its description, or its logical id without the digest. */
  roles(): Role[] {
    const policies = this.of('AWS::IAM::Policy').map(([, properties]) => properties);
    return this.of('AWS::IAM::Role').map(([id, { Description, AssumeRolePolicyDocument }]) => ({
      name: Description?.replace(/^Keyturn: /, '') ?? id.replace(/[0-9A-F]{8}$/, ''),
      arn: this.#arnOf(id),
      trust: AssumeRolePolicyDocument.Statement,
      policies: policies
        .filter(({ Roles }) => Roles.includes(this.#nameOf(id)))
        .map(({ PolicyName, PolicyDocument }) => ({ name: PolicyName, policy: PolicyDocument })),
    }));
  }

  /** Every policy that the template attaches to a resource. */
  resourcePolicies(): ResourcePolicy[] {
    const permissions = this.of('AWS::Lambda::Permission').map(([, properties]) => ({
      kind: 'function',
      arn: properties.FunctionName,
      statements: [permissionStatement(properties)],
    }));
    const attached = (type: string, kind: string, places: string) =>
      this.of(type).map(([, { PolicyDocument, [places]: arns }]) => ({
        kind,
        arn: statementResource(PolicyDocument.Statement, arns),
        statements: PolicyDocument.Statement as Statement[],
      }));
    return [
      ...permissions,
      ...attached('AWS::SNS::TopicPolicy', 'topic', 'Topics'),
      ...attached('AWS::SQS::QueuePolicy', 'queue', 'Queues'),
      ...this.of('AWS::Events::EventBusPolicy').map(([, { Statement }]) => ({
        kind: 'bus',
        arn: Statement.Resource,
        statements: [Statement],
      })),
    ];
  }
}

export interface Role {
  readonly name: string;
  readonly arn: string;
  readonly trust: readonly Statement[];
  readonly policies: readonly NamedPolicy[];
}

function statementResource(statements: Statement[], arns: string[]): string {
  const [named] = statements.flatMap(({ Resource }) => Resource ?? []);
  if (named === undefined) throw new Error(`The policy of ${arns} names no resource.`);
  return named;
}

/** What Lambda writes into the function's policy. https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
function permissionStatement(properties: any): Statement {
  const { Action, FunctionName, Principal, SourceAccount, SourceArn, FunctionUrlAuthType, InvokedViaFunctionUrl } =
    properties;
  const Condition = {
    ...(SourceAccount && { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
    ...(SourceArn && { ArnLike: { 'aws:SourceArn': SourceArn } }),
    ...(FunctionUrlAuthType && { StringLike: { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType } }),
    ...(InvokedViaFunctionUrl && { Bool: { 'lambda:InvokedViaFunctionUrl': String(InvokedViaFunctionUrl) } }),
  };
  const who =
    Principal === '*' ? '*' : Principal.includes('.amazonaws.com') ? { Service: Principal } : { AWS: Principal };
  return {
    Effect: 'Allow',
    Principal: who,
    Action,
    Resource: FunctionName,
    ...(Object.keys(Condition).length > 0 && { Condition }),
  };
}

export interface Asked {
  /** A service, or an ARN. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

/** Asks the policy simulator, which the laptop asks too. */
export async function isAllowed(
  { principal, action, resource, context = {} }: Asked,
  policies: { identity?: readonly NamedPolicy[]; resource?: readonly Statement[] },
): Promise<boolean> {
  const [, , , , account = ''] = resource.split(':');
  const document = (policy: unknown) => JSON.parse(renamePolicyKeys(JSON.stringify(policy)));
  const answer = await simulate(
    {
      principal,
      action,
      resource,
      resourceAccountId: /^\d{12}$/.test(account) ? account : ACCOUNT,
      context: renameContextKeys({ 'aws:SecureTransport': 'true', ...context }),
    },
    {
      identity: (policies.identity ?? []).map(({ name, policy }) => ({ name, policy: document(policy) })),
      ...(policies.resource && { resource: document({ Version: '2012-10-17', Statement: policies.resource }) }),
    },
  );
  if (answer.doubt) throw new Error(`${action} on ${resource}: the simulator answers "${answer.doubt}".`);
  return answer.allowed;
}
