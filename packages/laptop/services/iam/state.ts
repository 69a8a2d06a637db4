import { createHash, timingSafeEqual } from 'node:crypto';
import type { PolicySource } from '../../authorization/policy-source.ts';
import type { Clock } from '../../clock.ts';
import type { LongTermKeys } from '../../identity/identify.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';

export interface Identity {
  readonly kind: 'role' | 'user';
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly arn: string;
  readonly createDate: Date;
  /** Inline policies: name → document, as text. */
  readonly inlinePolicies: Map<string, string>;
  /** ARNs of attached managed policies, in order. */
  readonly attachedPolicies: Set<string>;
  boundaryArn?: string;
  readonly tags: Map<string, string>;
  lastUsed?: { date: Date; region: string };
}

export interface Role extends Identity {
  readonly kind: 'role';
  trustPolicy: string;
  description?: string;
  maxSessionDurationSeconds: number;
}

export interface User extends Identity {
  readonly kind: 'user';
}

export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly arn: string;
  readonly description?: string;
  readonly createDate: Date;
  updateDate: Date;
  readonly versions: Map<string, { document: string; createDate: Date }>;
  defaultVersionId: string;
  lastVersionNumber: number;
  readonly tags: Map<string, string>;
}

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  readonly userName: string;
  readonly createDate: Date;
  status: 'Active' | 'Inactive';
  lastUsed?: { date: Date; service: string; region: string };
}

export interface ServiceCredential {
  readonly id: string;
  readonly userName: string;
  readonly serviceName: string;
  readonly createDate: Date;
  readonly expirationDate?: Date;
  readonly alias: string;
  /** SHA-256 of the whole key; the key itself is shown once. */
  secretHash: Buffer;
  status: 'Active' | 'Inactive';
}

/** Keys of users begin so, which distinguishes them from a person's, also those of an earlier run. */
export const issuedKeyPrefix = 'AKIALOCAL';

/** What IAM knows: one per cloud, for all regions. Every change moves `generation` on, so that decisions can be cached. */
export class IamState implements LongTermKeys, PolicySource {
  readonly roles = new Map<string, Role>();
  readonly users = new Map<string, User>();
  readonly policies = new Map<string, ManagedPolicy>();
  readonly accessKeys = new Map<string, AccessKey>();
  readonly serviceCredentials = new Map<string, ServiceCredential>();
  generation = 0;
  readonly #clock: Clock;
  readonly #accountId: string;

  constructor(clock: Clock, accountId: string) {
    this.#clock = clock;
    this.#accountId = accountId;
  }

  changed(): void {
    this.generation++;
  }

  clear(): void {
    for (const map of [this.roles, this.users, this.policies, this.accessKeys, this.serviceCredentials]) map.clear();
    this.changed();
  }

  /** The role or user with this ARN. */
  identity(arn: string): Identity | undefined {
    const found = /^arn:aws:iam::(\d{12}):(role|user)\/(?:.*\/)?([^/]+)$/.exec(arn);
    if (!found || found[1] !== this.#accountId) return undefined;
    const name = found[3] as string;
    const identity: Identity | undefined = found[2] === 'role' ? this.roles.get(name) : this.users.get(name);
    return identity?.arn === arn ? identity : undefined;
  }

  /** A managed policy's default document; AWS's own ones included. */
  managedDocument(arn: string): string | undefined {
    const policy = this.policies.get(arn);
    return policy ? policy.versions.get(policy.defaultVersionId)?.document : awsManagedPolicies.get(arn);
  }

  accessKey(id: string): { secretAccessKey: string; userArn: string } | 'revoked' | undefined {
    const key = this.accessKeys.get(id);
    if (!key) return id.startsWith(issuedKeyPrefix) ? 'revoked' : undefined;
    const user = this.users.get(key.userName);
    if (key.status !== 'Active' || !user) return 'revoked';
    return { secretAccessKey: key.secret, userArn: user.arn };
  }

  bearer(token: string, service: string): { userArn: string } | 'expired' | undefined {
    const hash = hashSecret(token);
    for (const credential of this.serviceCredentials.values()) {
      if (credential.serviceName !== service || !timingSafeEqual(credential.secretHash, hash)) continue;
      const user = this.users.get(credential.userName);
      if (credential.status !== 'Active' || !user) return undefined;
      if (credential.expirationDate && credential.expirationDate <= this.#clock.now()) return 'expired';
      return { userArn: user.arn };
    }
    return undefined;
  }

  noteUse(id: string, use: { service: string; region: string }): void {
    const key = this.accessKeys.get(id);
    if (key) key.lastUsed = { date: this.#clock.now(), ...use };
  }
}

export const hashSecret = (secret: string) => createHash('sha256').update(secret).digest();
