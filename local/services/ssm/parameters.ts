import type { Cloud } from '../../cloud.ts';
import { AwsError, type Call } from '../../service.ts';

export interface Parameter {
  readonly name: string;
  readonly arn: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  readonly version: number;
  readonly modifiedAt: Date;
  readonly keyId?: string;
  readonly tier: 'Standard' | 'Advanced';
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly dataType: string;
  labels: string[];
  tags: { Key?: string; Value?: string }[];
}

export interface PutInput {
  Name: string;
  Value: string;
  Type?: Parameter['type'];
  KeyId?: string;
  Overwrite?: boolean;
  AllowedPattern?: string;
  Description?: string;
  Tier?: 'Standard' | 'Advanced' | 'Intelligent-Tiering';
  DataType?: string;
  Tags?: Parameter['tags'];
}

const STANDARD_BYTES = 4_096;
const ADVANCED_BYTES = 8_192;
const MOST_VERSIONS = 100;

/** The parameters of each region, every version of them. */
export class Parameters {
  readonly #cloud: Cloud;
  readonly #byRegion = new Map<string, Map<string, Parameter[]>>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  clear(): void {
    this.#byRegion.clear();
  }

  /** By name, ARN, `name:version` or `name:label`. */
  read(region: string, reference: string): Parameter | undefined {
    const [name, selector] = splitSelector(reference);
    const versions = this.#region(region).get(name);
    if (selector === undefined) return versions?.at(-1);
    return versions?.find((parameter) => String(parameter.version) === selector || parameter.labels.includes(selector));
  }

  require(region: string, name: string): Parameter {
    const found = this.read(region, name);
    if (found) return found;
    throw new AwsError(
      'InvalidResourceId',
      'The resource ID is not valid. Verify that you entered the correct ID and try again.',
    );
  }

  history(region: string, name: string): Parameter[] {
    const versions = this.#region(region).get(splitSelector(name)[0]);
    if (versions) return versions;
    throw new AwsError('ParameterNotFound', '');
  }

  under(region: string, path: string, recursive: boolean): Parameter[] {
    const prefix = path.endsWith('/') ? path : `${path}/`;
    return this.#latest(region).filter(
      ({ name }) => name.startsWith(prefix) && (recursive || !name.slice(prefix.length).includes('/')),
    );
  }

  matching(region: string, filters: { Key: string; Option?: string; Values?: string[] }[]): Parameter[] {
    const fields: Record<string, (parameter: Parameter) => string> = {
      Name: (p) => p.name,
      Type: (p) => p.type,
      KeyId: (p) => p.keyId ?? '',
      Path: (p) => p.name,
      Tier: (p) => p.tier,
    };
    return this.#latest(region).filter((parameter) =>
      filters.every(({ Key, Option = 'Equals', Values = [] }) => {
        const field = fields[Key];
        if (!field) throw new AwsError('InvalidFilterKey', `The specified filter key is not valid: ${Key}.`);
        const text = field(parameter);
        if (Option === 'BeginsWith' || Key === 'Path') return Values.some((value) => text.startsWith(value));
        return Values.some((value) => (Option === 'Contains' ? text.includes(value) : text === value));
      }),
    );
  }

  async put(input: PutInput, call: Call): Promise<Parameter> {
    const { region } = call;
    const versions = this.#region(region).get(input.Name) ?? [];
    const existing = versions.at(-1);
    const type = input.Type ?? existing?.type;
    refuseInvalid(input, existing, type);
    const keyId = type === 'SecureString' ? (input.KeyId ?? existing?.keyId ?? 'alias/aws/ssm') : undefined;
    if (keyId) await requireKey(keyId, 'Encrypt', call);
    const parameter: Parameter = {
      name: input.Name,
      arn: `arn:aws:ssm:${region}:${call.accountId}:parameter${input.Name.startsWith('/') ? '' : '/'}${input.Name}`,
      type: type as Parameter['type'],
      value: input.Value,
      version: (existing?.version ?? 0) + 1,
      modifiedAt: this.#cloud.clock.now(),
      keyId,
      tier: tierOf(input, existing),
      description: input.Description ?? existing?.description,
      allowedPattern: input.AllowedPattern ?? existing?.allowedPattern,
      dataType: input.DataType ?? 'text',
      labels: [],
      tags: existing?.tags ?? input.Tags ?? [],
    };
    this.#region(region).set(input.Name, [...versions, parameter].slice(-MOST_VERSIONS));
    this.#announce(parameter, existing ? 'Update' : 'Create', region);
    return parameter;
  }

  delete(region: string, name: string): boolean {
    const existing = this.read(region, name);
    if (!existing) return false;
    this.#region(region).delete(existing.name);
    this.#announce(existing, 'Delete', region);
    return true;
  }

  label(region: string, input: { Name: string; ParameterVersion?: number; Labels: string[] }): number {
    const versions = this.history(region, input.Name);
    const labelled =
      input.ParameterVersion === undefined
        ? versions.at(-1)
        : versions.find((parameter) => parameter.version === input.ParameterVersion);
    if (!labelled)
      throw new AwsError(
        'ParameterVersionNotFound',
        `Systems Manager could not find version ${input.ParameterVersion} of ${input.Name}.`,
      );
    for (const parameter of versions)
      parameter.labels = parameter.labels.filter((label) => !input.Labels.includes(label));
    labelled.labels.push(...input.Labels);
    this.#announce(labelled, 'LabelParameterVersion', region);
    return labelled.version;
  }

  /** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html */
  #announce(parameter: Parameter, operation: string, region: string): void {
    this.#cloud.publish({
      source: 'aws.ssm',
      detailType: 'Parameter Store Change',
      resources: [parameter.arn],
      region,
      detail: {
        operation,
        name: parameter.name,
        type: parameter.type,
        ...(parameter.description && { description: parameter.description }),
      },
    });
  }

  #latest(region: string): Parameter[] {
    const latest = [...this.#region(region).values()].map((versions) => versions.at(-1) as Parameter);
    return latest.sort((a, b) => a.name.localeCompare(b.name));
  }

  #region(region: string): Map<string, Parameter[]> {
    const known = this.#byRegion.get(region);
    if (known) return known;
    const made = new Map<string, Parameter[]>();
    this.#byRegion.set(region, made);
    return made;
  }
}

/** A parameter as GetParameter shows it: a SecureString only decrypted for who may use its key. */
export async function shown(parameter: Parameter, decrypt: boolean, call: Call): Promise<Record<string, unknown>> {
  const isSecret = parameter.type === 'SecureString';
  if (isSecret && decrypt) await requireKey(parameter.keyId ?? 'alias/aws/ssm', 'Decrypt', call);
  return {
    Name: parameter.name,
    Type: parameter.type,
    Value:
      isSecret && !decrypt
        ? Buffer.from(`encrypted:${parameter.arn}:${parameter.version}`).toString('base64')
        : parameter.value,
    Version: parameter.version,
    LastModifiedDate: parameter.modifiedAt,
    ARN: parameter.arn,
    DataType: parameter.dataType,
  };
}

/** A customer's key needs the caller's KMS permission; AWS's own key for Parameter Store needs none. */
async function requireKey(keyId: string, action: 'Encrypt' | 'Decrypt', call: Call): Promise<void> {
  if (keyId === 'alias/aws/ssm') return;
  const resource = keyId.startsWith('arn:') ? keyId : `arn:aws:kms:${call.region}:${call.accountId}:key/${keyId}`;
  const access = {
    action: `kms:${action}`,
    resource,
    context: { 'kms:ViaService': `ssm.${call.region}.amazonaws.com` },
  };
  const { allowed, message } = await call.cloud.authorise(call.principal, access);
  if (!allowed) throw new AwsError('AccessDeniedException', message);
}

function refuseInvalid(input: PutInput, existing: Parameter | undefined, type: string | undefined): void {
  if (!type) throw new AwsError('ValidationException', 'A parameter type is required when you create a parameter.');
  if (existing && !input.Overwrite) {
    throw new AwsError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  if (existing && input.Tags)
    throw new AwsError(
      'ValidationException',
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  if (/^\/?(aws|ssm)/i.test(input.Name))
    throw new AwsError(
      'ValidationException',
      `Parameter name: can't be prefixed with "${input.Name.toLowerCase().includes('aws') ? 'aws' : 'ssm'}" (case-insensitive).`,
    );
  if (!/^[a-zA-Z0-9_.\-/]+$/.test(input.Name)) {
    throw new AwsError(
      'ValidationException',
      'Only a mix of letters, numbers and the following 4 symbols .-_/ are allowed.',
    );
  }
  if (input.Name.split('/').length > 16)
    throw new AwsError('HierarchyLevelLimitExceededException', 'A hierarchy can have a maximum of 15 levels.');
  const pattern = input.AllowedPattern ?? existing?.allowedPattern;
  if (pattern && !new RegExp(pattern).test(input.Value))
    throw new AwsError(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    );
  tierOf(input, existing);
}

function tierOf(input: PutInput, existing: Parameter | undefined): Parameter['tier'] {
  const bytes = Buffer.byteLength(input.Value);
  const wanted = input.Tier ?? existing?.tier ?? 'Standard';
  const tier = wanted === 'Intelligent-Tiering' ? (bytes > STANDARD_BYTES ? 'Advanced' : 'Standard') : wanted;
  const most = tier === 'Advanced' ? ADVANCED_BYTES : STANDARD_BYTES;
  if (bytes <= most) return tier;
  throw new AwsError(
    'ValidationException',
    tier === 'Standard'
      ? 'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
      : 'Advanced tier parameters support a maximum parameter value of 8192 characters.',
  );
}

function splitSelector(reference: string): [string, string | undefined] {
  const name = reference.startsWith('arn:')
    ? reference
        .split(':')
        .slice(5)
        .join(':')
        .replace(/^parameter/, '')
    : reference;
  const [base, selector] = name.split(':');
  return [base ?? name, selector];
}
