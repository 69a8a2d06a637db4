import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Cloud, Principal } from '../cloud.ts';
import { type ActiveRule, type FaultKind, type FaultRule, faultRuleSchema } from './rule.ts';

export interface FaultSubject {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly principal: Principal;
}

/** The rules in force, and the execution environments that a rule may kill. */
export class Faults {
  readonly #rules = new Map<string, ActiveRule>();
  readonly #killers = new Map<string, () => void>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Adds a rule, or replaces the one with its id. Throws a ValiError that names what is wrong with it. */
  add(rule: FaultRule): ActiveRule {
    const parsed = v.parse(faultRuleSchema, rule);
    const active: ActiveRule = { ...parsed, id: parsed.id ?? randomUUID(), matched: 0, struck: 0 };
    this.#rules.set(active.id, active);
    return active;
  }

  remove(id: string): boolean {
    return this.#rules.delete(id);
  }

  list(): ActiveRule[] {
    return [...this.#rules.values()].map((rule) => ({ ...rule }));
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The rule that strikes this call, counted as struck. The first that was added wins. */
  take(subject: FaultSubject): ActiveRule | undefined {
    for (const rule of this.#rules.values()) {
      if (matchesRule(rule, subject) && this.#strikes(rule)) return rule;
    }
    return undefined;
  }

  /** For the Lambda service: whether the environment that serves this invocation is to die, and when. */
  takeInvocation(functionName: string): 'kill-before' | 'kill-after' | undefined {
    for (const rule of this.#rules.values()) {
      if (rule.function === undefined || !matchesName(rule.function, functionName)) continue;
      if ((rule.kind === 'kill-before' || rule.kind === 'kill-after') && this.#strikes(rule)) return rule.kind;
    }
    return undefined;
  }

  #strikes(rule: ActiveRule): boolean {
    rule.matched++;
    if (rule.matched < (rule.nth ?? 1)) return false;
    const most = rule.times ?? (rule.rate === undefined ? 1 : Number.POSITIVE_INFINITY);
    if (rule.struck >= most) return false;
    if (rule.rate !== undefined && this.#random() >= rule.rate) return false;
    rule.struck++;
    return true;
  }

  /** An execution environment says how to kill it, under the access key it holds. Answers how to take that back. */
  registerEnvironment(accessKeyId: string, kill: () => void): () => void {
    this.#killers.set(accessKeyId, kill);
    return () => this.#killers.delete(accessKeyId);
  }

  /** Kills the environment that holds these credentials; false when none does (a person, an execution). */
  killEnvironment(accessKeyId: string | undefined): boolean {
    const kill = accessKeyId === undefined ? undefined : this.#killers.get(accessKeyId);
    kill?.();
    return kill !== undefined;
  }
}

/** Members by which an input names what it is about; values such as SecretString are never looked at. */
const naming = /(Id|Arn|ARN|Name|Identifier|Url)s?$|^(name|SecretIdList)$/;

function matchesRule(rule: FaultRule, subject: FaultSubject): boolean {
  if (rule.function !== undefined) return false;
  if (rule.service !== undefined && rule.service !== subject.service) return false;
  if (rule.operation !== undefined && rule.operation !== subject.operation) return false;
  if (rule.role !== undefined && !matchesRole(rule.role, subject.principal)) return false;
  if (rule.mentions !== undefined && !mentions(subject.input, rule.mentions)) return false;
  return (
    rule.resource === undefined || namesIn(subject.input).some((name) => matchesName(rule.resource as string, name))
  );
}

/** Members that hold a value, or what a value is made of. */
const valued = /^(SecretString|SecretBinary|Plaintext|CiphertextBlob|Password|MasterUserPassword|Value)$/;

function mentions(input: unknown, text: string): boolean {
  if (typeof input === 'string') return input.includes(text);
  if (input instanceof Uint8Array) return Buffer.from(input).includes(text);
  if (input === null || typeof input !== 'object') return false;
  return Object.entries(input).some(([key, value]) => !valued.test(key) && mentions(value, text));
}

function matchesRole(pattern: string, principal: Principal): boolean {
  return matchesName(pattern, principal.identityArn) || matchesName(pattern, principal.arn);
}

function namesIn(input: unknown): string[] {
  if (input === null || typeof input !== 'object') return [];
  return Object.entries(input).flatMap(([key, value]) => {
    if (!/^[A-Za-z]+$/.test(key) || !naming.test(key)) return [];
    if (typeof value === 'string') return [value];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  });
}

/** `app/db` fits the name, the ARN that ends in it, and the secret's ARN with its six random letters. */
export function matchesName(pattern: string, name: string): boolean {
  const glob = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`);
  if (glob.test(name)) return true;
  if (!name.startsWith('arn:')) return false;
  const whole = name.split(':').slice(5).join(':');
  // `function:f`, `secret:app/db-AbCdEf`, `role/path/name`: the type may be left out, and of a role its path.
  const named = whole.replace(/^[A-Za-z-]+[:/]/, '');
  const parts = [whole, named];
  if (whole.startsWith('role/')) parts.push(named.slice(named.lastIndexOf('/') + 1));
  if (whole.startsWith('secret:')) parts.push(named.replace(/-[A-Za-z0-9]{6}$/, ''));
  return parts.some((part) => glob.test(part));
}

const kinds: Readonly<Record<'before' | 'after', readonly FaultKind[]>> = {
  before: ['throttle', 'error', 'time-out', 'reset', 'delay', 'kill-before'],
  after: ['lose-answer', 'kill-after'],
};

export const strikes = (rule: ActiveRule, when: 'before' | 'after') => kinds[when].includes(rule.kind);

/** The faults of a running cloud, for services, which see it as `Cloud`. */
export function faultsOf(cloud: Cloud): Faults {
  const { faults } = cloud as Cloud & { faults?: Faults };
  if (!faults) throw new TypeError('This cloud injects no faults: make it with createCloud().');
  return faults;
}
