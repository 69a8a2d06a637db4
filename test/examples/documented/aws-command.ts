/** The AWS CLI's names of services, and the SDK's packages. */
const packages: Readonly<Record<string, string>> = {
  cloudwatch: 'cloudwatch',
  dynamodb: 'dynamodb',
  events: 'eventbridge',
  iam: 'iam',
  kms: 'kms',
  lambda: 'lambda',
  logs: 'cloudwatch-logs',
  rds: 'rds',
  scheduler: 'scheduler',
  secretsmanager: 'secrets-manager',
  sns: 'sns',
  sqs: 'sqs',
  ssm: 'ssm',
  stepfunctions: 'sfn',
  sts: 'sts',
};

/** Options of the CLI itself. https://docs.aws.amazon.com/cli/latest/reference/#global-options */
const GLOBAL_OPTIONS = ['region', 'profile', 'query', 'output', 'endpoint-url', 'cli-binary-format'];

/** Where the CLI's name is not the member's. https://docs.aws.amazon.com/cli/latest/reference/sns/subscribe.html */
const renamed: Readonly<Record<string, string>> = { notificationendpoint: 'endpoint' };

/** A Smithy schema as the SDK's commands carry it: the kind first, members' names and schemas at the end. */
type Schema = readonly [kind: number, namespace: string, name: string, traits: unknown, ...rest: any[]];
const SIMPLE = 0;
const LIST = 1;
const MAP = 2;
const STRUCTURE = 3;
const NUMBER = 1;
const BLOB = 21;
const STREAM = 42;

export interface AwsCall {
  readonly client: any;
  readonly command: any;
}

/**
 * The SDK's call that a line `aws SERVICE OPERATION …` stands for. @throws where service, operation, option or a member of a
 * JSON value does not exist
 */
export async function readAwsCommand(words: readonly string[], configuration: object): Promise<AwsCall> {
  const [service = '', operation = '', ...options] = words;
  const sdk = packages[service];
  if (!sdk) throw new Error(`aws ${service}: a service that is not known here.`);
  const module = await import(`@aws-sdk/client-${sdk}`);
  const name = `${operation.split('-').map(capitalised).join('')}Command`;
  const found = Object.keys(module).find((each) => each.toLowerCase() === name.toLowerCase());
  if (!found) throw new Error(`aws ${service} ${operation}: there is no such operation.`);
  const { schema } = new module[found]({});
  const input = readOptions(schema[4]() as Schema, options);
  const Client = Object.keys(module).find((each) => /^[A-Za-z0-9]+Client$/.test(each) && each !== '__Client');
  return { client: new module[Client as string](configuration), command: new module[found](input) };
}

function readOptions(structure: Schema, words: readonly string[]): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (let index = 0; index < words.length; index += 1) {
    const option = words[index] ?? '';
    // The file that lambda invoke writes its answer to.
    if (index === words.length - 1 && structure[2] === 'InvocationRequest' && option.endsWith('.json')) continue;
    if (!option.startsWith('--')) throw new Error(`${option}: an option was expected.`);
    const value = words[index + 1]?.startsWith('--') ? undefined : words[index + 1];
    if (value !== undefined) index += 1;
    if (GLOBAL_OPTIONS.includes(option.slice(2))) continue;
    const isOff = option.startsWith('--no-') && value === undefined;
    const name = option.slice(isOff ? 5 : 2).replaceAll('-', '');
    const [member, schema] = memberOf(structure, renamed[name] ?? name);
    input[member] = value === undefined ? !isOff : readValue(schema, value);
  }
  return input;
}

function readValue(schema: unknown, text: string): unknown {
  if (text.startsWith('file://')) return '{}';
  const resolved = resolve(schema);
  if (resolved === BLOB || resolved === STREAM) return Buffer.from(text);
  if (resolved === NUMBER) return Number(text);
  if (!Array.isArray(resolved) && typeof resolved === 'number' && resolved < 64) return text;
  const value = /^[[{]/.test(text) ? JSON.parse(text) : [text];
  refuseUnknownMembers(schema, value);
  return value;
}

/** The SDK leaves out what it does not know without a word. */
function refuseUnknownMembers(given: unknown, value: any): void {
  const schema = resolve(given);
  if (!Array.isArray(schema)) return;
  if (schema[0] === LIST) for (const each of value) refuseUnknownMembers(schema[4], each);
  if (schema[0] === MAP) for (const each of Object.values(value)) refuseUnknownMembers(schema[5], each);
  if (schema[0] !== STRUCTURE) return;
  for (const [name, member] of Object.entries(value)) {
    const [found, its] = memberOf(schema as unknown as Schema, name);
    if (found !== name) throw new Error(`${name}: the member is called ${found}.`);
    refuseUnknownMembers(its, member);
  }
}

function memberOf(structure: Schema, name: string): [string, unknown] {
  const [names, schemas] = structure.slice(4) as [string[], unknown[]];
  const index = names.findIndex((each) => each.toLowerCase() === name.toLowerCase());
  if (index < 0) throw new Error(`${structure[2]} has no ${name}, but ${names.join(', ')}.`);
  return [names[index] as string, schemas[index]];
}

/** References are functions; members with traits are pairs of schema and traits; simple types may have names. */
function resolve(schema: unknown): unknown {
  if (typeof schema === 'function') return resolve(schema());
  if (Array.isArray(schema) && typeof schema[1] !== 'string') return resolve(schema[0]);
  if (Array.isArray(schema) && schema[0] === SIMPLE) return resolve(schema[4]);
  return schema;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
