import { randomBytes, randomUUID } from 'node:crypto';
import { AwsError } from '../../cloud.ts';

export interface Key {
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  readonly material: Buffer;
  readonly createDate: Date;
  /** `AWS` for the keys that services make for themselves (`alias/aws/…`). */
  readonly managedBy: 'CUSTOMER' | 'AWS';
  description: string;
  policy: string;
  enabled: boolean;
  deletionDate?: Date;
  rotates: boolean;
  readonly tags: Map<string, string>;
}

export interface Alias {
  readonly name: string;
  readonly arn: string;
  keyId: string;
  readonly createDate: Date;
  updateDate: Date;
}

interface Region {
  readonly keys: Map<string, Key>;
  readonly aliases: Map<string, Alias>;
}

export class KmsState {
  readonly #regions = new Map<string, Region>();
  readonly #accountId: string;
  readonly #now: () => Date;

  constructor(accountId: string, now: () => Date) {
    this.#accountId = accountId;
    this.#now = now;
  }

  region(name: string): Region {
    const known = this.#regions.get(name);
    if (known) return known;
    const made: Region = { keys: new Map(), aliases: new Map() };
    this.#regions.set(name, made);
    return made;
  }

  clear(): void {
    this.#regions.clear();
  }

  make(
    region: string,
    about: Partial<Pick<Key, 'description' | 'policy' | 'managedBy' | 'tags' | 'enabled' | 'rotates'>>,
  ): Key {
    const id = randomUUID();
    const key: Key = {
      id,
      arn: `arn:aws:kms:${region}:${this.#accountId}:key/${id}`,
      region,
      material: randomBytes(32),
      createDate: this.#now(),
      managedBy: about.managedBy ?? 'CUSTOMER',
      description: about.description ?? '',
      policy: about.policy ?? defaultPolicy(this.#accountId),
      enabled: about.enabled ?? true,
      rotates: about.rotates ?? false,
      tags: about.tags ?? new Map(),
    };
    this.region(region).keys.set(id, key);
    return key;
  }

  /** By id, ARN, alias or alias ARN. Keys of AWS's own services are made when they are first asked for. */
  find(region: string, keyId: string): Key {
    const arn = /^arn:aws[\w-]*:kms:([a-z0-9-]+):(\d{12}):(key|alias)\/(.+)$/.exec(keyId);
    const name = arn ? (arn[3] === 'alias' ? `alias/${arn[4]}` : (arn[4] as string)) : keyId;
    const at = arn?.[1] ?? region;
    if (arn && arn[2] !== this.#accountId) throw notFound(`Key '${keyId}' does not exist`);
    if (name.startsWith('alias/')) return this.#findByAlias(at, name);
    const key = this.region(at).keys.get(name);
    if (key) return key;
    if (!arn && !/^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.test(name)) {
      throw notFound(`Invalid keyId '${keyId}'`);
    }
    throw notFound(`Key 'arn:aws:kms:${at}:${this.#accountId}:key/${name}' does not exist`);
  }

  has(region: string, keyId: string): boolean {
    const name = keyId.replace(/^arn:aws[\w-]*:kms:[^:]*:\d{12}:(key\/)?/, '');
    const { keys, aliases } = this.region(region);
    return keys.has(aliases.get(name)?.keyId ?? name) || /^alias\/aws\/[a-z]+$/.test(name);
  }

  #findByAlias(region: string, name: string): Key {
    const { keys, aliases } = this.region(region);
    const alias = aliases.get(name);
    const key = alias && keys.get(alias.keyId);
    if (key) return key;
    if (!/^alias\/aws\/[a-z]+$/.test(name)) {
      throw notFound(`Alias arn:aws:kms:${region}:${this.#accountId}:${name} is not found.`);
    }
    const service = name.slice('alias/aws/'.length);
    const made = this.make(region, {
      managedBy: 'AWS',
      description: `Default key that protects my ${service} data when no other key is defined`,
      policy: servicePolicy(this.#accountId, `${service}.${region}.amazonaws.com`),
    });
    this.addAlias(region, name, made);
    return made;
  }

  addAlias(region: string, name: string, key: Key): Alias {
    const now = this.#now();
    const arn = `arn:aws:kms:${region}:${this.#accountId}:${name}`;
    const alias: Alias = { name, arn, keyId: key.id, createDate: now, updateDate: now };
    this.region(region).aliases.set(name, alias);
    return alias;
  }

  /** Forgets keys whose waiting period has passed. */
  purge(region: string): void {
    const { keys, aliases } = this.region(region);
    for (const key of keys.values()) {
      if (!key.deletionDate || key.deletionDate > this.#now()) continue;
      keys.delete(key.id);
      for (const alias of aliases.values()) if (alias.keyId === key.id) aliases.delete(alias.name);
    }
  }
}

export const notFound = (message: string) => new AwsError('NotFoundException', message);

/** What a key gets whose creator names no policy: IAM decides. */
function defaultPolicy(accountId: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

/** AWS managed keys serve everybody in the account, through their own service only. */
function servicePolicy(accountId: string, viaService: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'auto-service-1',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:CreateGrant',
          'kms:DescribeKey',
        ],
        Resource: '*',
        Condition: { StringEquals: { 'kms:CallerAccount': accountId, 'kms:ViaService': viaService } },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  });
}
