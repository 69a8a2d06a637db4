import { AwsError, type Call, type Cloud } from '../../cloud.ts';
import { DEFAULT_KEY, requireKey } from './encryption.ts';
import { isUnder, matchesFilters, type ParameterFilter } from './filters.ts';
import { moveLabels, removeLabels } from './labels.ts';
import type { Parameter, PutInput } from './parameter.ts';
import { checkName, checkPut, tierOf } from './validation.ts';

const MOST_VERSIONS = 100;

export const parameterArn = (scope: { region: string; accountId: string }, name: string) =>
  `arn:aws:ssm:${scope.region}:${scope.accountId}:parameter${name.startsWith('/') ? '' : '/'}${name}`;

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

  /** By name, ARN, `name:version` or `name:label`. @throws ParameterVersionNotFound where only the version is missing */
  read(region: string, reference: string): Parameter | undefined {
    const { name, selector } = splitReference(reference);
    const versions = this.#versions(region, reference);
    if (selector === undefined || !versions) return versions?.at(-1);
    const found = versions.find(
      (parameter) => String(parameter.version) === selector || parameter.labels.includes(selector),
    );
    if (found) return found;
    throw new AwsError(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
    );
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
    const versions = this.#versions(region, name);
    if (versions) return versions;
    throw parameterNotFound();
  }

  under(region: string, path: string, isRecursive: boolean): Parameter[] {
    return this.#latest(region).filter(({ name }) => isUnder(name, path, isRecursive));
  }

  matching(region: string, filters: readonly ParameterFilter[]): Parameter[] {
    return this.#latest(region).filter((parameter) => matchesFilters(parameter, filters));
  }

  async put(input: PutInput, call: Call): Promise<Parameter> {
    const { region } = call;
    const name = splitReference(input.Name).name;
    checkName(name);
    const versions = this.#region(region).get(name) ?? [];
    const existing = versions.at(-1);
    checkPut(input, existing);
    const type = (input.Type ?? existing?.type) as Parameter['type'];
    const arn = parameterArn(call, name);
    const keyId = type === 'SecureString' ? (input.KeyId ?? existing?.keyId ?? DEFAULT_KEY) : undefined;
    if (keyId) await requireKey(keyId, 'Encrypt', arn, call);
    const description = input.Description ?? existing?.description;
    const allowedPattern = input.AllowedPattern ?? existing?.allowedPattern;
    const parameter: Parameter = {
      name,
      arn,
      type,
      value: input.Value,
      version: (existing?.version ?? 0) + 1,
      modifiedAt: this.#cloud.clock.now(),
      modifiedBy: call.principal.arn,
      tier: tierOf(input, existing),
      dataType: input.DataType ?? 'text',
      labels: [],
      tags: existing?.tags ?? new Map((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
      ...(keyId === undefined ? {} : { keyId }),
      ...(description === undefined ? {} : { description }),
      ...(allowedPattern === undefined ? {} : { allowedPattern }),
    };
    this.#region(region).set(name, keepVersions([...versions, parameter]));
    this.#announce(parameter, existing ? 'Update' : 'Create', region);
    return parameter;
  }

  delete(region: string, name: string): boolean {
    const existing = this.#versions(region, name)?.at(-1);
    if (!existing) return false;
    this.#region(region).delete(existing.name);
    this.#announce(existing, 'Delete', region);
    return true;
  }

  /** The version that has the labels now, and those of them that are none. */
  label(region: string, input: { Name: string; ParameterVersion?: number; Labels: readonly string[] }) {
    const versions = this.history(region, input.Name);
    const version = versionOf(versions, input);
    const invalid = moveLabels(versions, version, input.Labels);
    if (invalid.length < input.Labels.length) this.#announce(version, 'LabelParameterVersion', region);
    return { version: version.version, invalid };
  }

  unlabel(region: string, input: { Name: string; ParameterVersion: number; Labels: readonly string[] }): string[] {
    return removeLabels(versionOf(this.history(region, input.Name), input), input.Labels);
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

  /** An ARN does not distinguish `x` from `/x`: the one that is there is meant. */
  #versions(region: string, reference: string): Parameter[] | undefined {
    const { name } = splitReference(reference);
    const found = this.#region(region).get(name);
    return found || !reference.startsWith('arn:') ? found : this.#region(region).get(name.slice(1));
  }

  #latest(region: string): Parameter[] {
    const latest = [...this.#region(region).values()].map((versions) => versions.at(-1) as Parameter);
    return latest.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #region(region: string): Map<string, Parameter[]> {
    const known = this.#byRegion.get(region);
    if (known) return known;
    const made = new Map<string, Parameter[]>();
    this.#byRegion.set(region, made);
    return made;
  }
}

/** AWS answers it without a word. */
export const parameterNotFound = () => new AwsError('ParameterNotFound', '');

function versionOf(versions: readonly Parameter[], input: { Name: string; ParameterVersion?: number }): Parameter {
  const { ParameterVersion: wanted } = input;
  const found = wanted === undefined ? versions.at(-1) : versions.find(({ version }) => version === wanted);
  if (found) return found;
  throw new AwsError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${wanted} of ${input.Name}. Verify the version and try again.`,
  );
}

/** The oldest version makes room, unless a label holds it. */
function keepVersions(versions: Parameter[]): Parameter[] {
  const [oldest] = versions;
  if (versions.length <= MOST_VERSIONS || !oldest) return versions;
  if (oldest.labels.length === 0) return versions.slice(1);
  throw new AwsError(
    'ParameterMaxVersionLimitExceeded',
    `You attempted to create a new version of ${oldest.name} by calling the PutParameter API with the overwrite flag. Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
  );
}

/** `name:selector`; an ARN's part after `parameter` is the name. */
export function splitReference(reference: string): { name: string; selector?: string } {
  const isArn = reference.startsWith('arn:');
  const local = isArn ? reference.split(':').slice(5).join(':').slice('parameter'.length) : reference;
  const [name = '', selector] = local.split(':');
  return selector === undefined ? { name } : { name, selector };
}
