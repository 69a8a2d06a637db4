import type { Timer } from '../../clock.ts';
import type { Pattern } from './pattern/compile.ts';
import type { Target } from './target.ts';

export interface Tag {
  Key?: string;
  Value?: string;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  readonly targets: Map<string, Target>;
  readonly pattern?: { readonly text: string; readonly compiled: Pattern };
  readonly schedule?: string;
  readonly description?: string;
  readonly roleArn?: string;
  state: 'ENABLED' | 'DISABLED' | 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
  tags: Tag[];
  timer?: Timer;
}

export interface BusPolicy {
  Version: string;
  Statement: Record<string, unknown>[];
}

export interface Bus {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  readonly createdAt: Date;
  readonly rules: Map<string, Rule>;
  lastModifiedAt: Date;
  policy?: BusPolicy;
  tags: Tag[];
}

/** An event as rules see it and targets get it. */
export type BusEvent = Record<string, unknown>;

/** A rule passes an event on to another bus as it is: the event keeps its id, account, region and time. */
export const forwarded = Symbol('the event that a rule passes on');
