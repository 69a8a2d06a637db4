import type { Access, Cloud, Principal } from '../cloud.ts';
import { administratorArn } from '../identity/principals.ts';
import type { SessionStore } from '../identity/sessions.ts';
import type { Recorder } from '../recording/recorder.ts';
import { renameContextKeys, renamePolicyKeys } from './condition-keys.ts';
import { globalContext } from './context.ts';
import type { PolicyHolder, PolicySource } from './policy-source.ts';
import { type Decision, type NamedPolicy, type PolicySet, type Question, simulate } from './simulate.ts';

export interface Verdict {
  readonly allowed: boolean;
  /** AWS's words for the refusal; empty when allowed. */
  readonly message: string;
  readonly decision: Decision;
}

const administratorPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};
interface Profile {
  readonly policies: Omit<PolicySet, 'resource' | 'session'>;
  readonly namesSessions: boolean;
  readonly looksAtTime: boolean;
}
const MOST_CACHED = 20_000;
const timeDependent = /aws:(CurrentTime|EpochTime|TokenIssueTime)/i;

/**
 * Decides whether a principal may do something, by IAM's policies and the resource's own.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export class Authoriser {
  readonly #cloud: Cloud;
  readonly #iam: PolicySource;
  readonly #sessions: SessionStore;
  readonly #recorder: Recorder;
  readonly #decisions = new Map<string, Decision>();
  readonly #documents = new Map<string, unknown>();
  readonly #profiles = new Map<string, Profile>();
  readonly #doubts = new Set<string>();
  #generation = -1;

  constructor(parts: { cloud: Cloud; iam: PolicySource; sessions: SessionStore; recorder: Recorder }) {
    this.#cloud = parts.cloud;
    this.#iam = parts.iam;
    this.#sessions = parts.sessions;
    this.#recorder = parts.recorder;
  }

  async authorise(principal: Principal, access: Access): Promise<Verdict> {
    const verdict = await this.simulate(principal, access);
    this.#recorder.noteAccess(principal, access, verdict.allowed);
    return verdict;
  }

  /** The same without leaving a record: for SimulatePrincipalPolicy. */
  async simulate(principal: Principal, access: Access): Promise<Verdict> {
    const decision = await this.#decide(principal, access);
    const message = decision.allowed ? '' : refusalText(principal, access, decision);
    return { allowed: decision.allowed, message, decision };
  }

  async #decide(principal: Principal, access: Access): Promise<Decision> {
    const resourcePolicy = readDocument(access.resourcePolicy);
    // Administrators pass everything but an explicit refusal of the resource itself.
    if (principal.kind === 'administrator') {
      if (resourcePolicy === undefined) return { allowed: true };
      const decision = await this.#decideCached(principal, access, resourcePolicy);
      return !decision.allowed && decision.explicit ? decision : { allowed: true };
    }
    if (principal.kind === 'anonymous') return { allowed: false, explicit: false, by: 'resource' };
    // A service has no policies of its own: only the resource can let it in.
    if (principal.kind === 'service' && resourcePolicy === undefined) {
      return { allowed: false, explicit: false, by: 'resource' };
    }
    return this.#decideCached(principal, access, resourcePolicy);
  }

  async #decideCached(principal: Principal, access: Access, resourcePolicy: unknown): Promise<Decision> {
    if (this.#generation !== this.#iam.generation) {
      this.#generation = this.#iam.generation;
      this.#decisions.clear();
      this.#documents.clear();
      this.#profiles.clear();
    }
    const resourceText = resourcePolicy === undefined ? '' : JSON.stringify(resourcePolicy);
    const profile = this.#profileOf(principal);
    const sessionPolicy = principal.accessKeyId ? this.#sessions.find(principal.accessKeyId)?.sessionPolicy : undefined;
    const contextText = access.context ? JSON.stringify(access.context) : '';
    // One decision serves all sessions of a role, unless a policy looks at the session.
    const distinguishesSessions =
      profile.namesSessions || sessionPolicy !== undefined || /assumed-role|userid/i.test(resourceText);
    const holder = distinguishesSessions ? `${principal.arn} ${principal.accessKeyId}` : '';
    const source =
      principal.kind === 'service'
        ? `${principal.servicePrincipal} ${principal.arn} ${principal.sessionName}`
        : principal.identityArn;
    const name = [principal.kind, source, holder, access.action, access.resource, contextText, resourceText].join('\n');
    const known = this.#decisions.get(name);
    if (known) return known;
    const decision = await simulate(this.#question(principal, access), {
      ...profile.policies,
      ...(sessionPolicy === undefined ? {} : { session: sessionPolicy }),
      ...(resourceText === '' ? {} : { resource: this.#document(resourceText) }),
    });
    if (decision.doubt) this.#report(access, decision.doubt);
    if (profile.looksAtTime || timeDependent.test(resourceText)) return decision;
    if (this.#decisions.size >= MOST_CACHED) this.#decisions.clear();
    this.#decisions.set(name, decision);
    return decision;
  }

  #question(principal: Principal, access: Access): Question {
    const [, , , region = '', account = ''] = access.resource.split(':');
    const context = globalContext(principal, this.#identityOf(principal), {
      now: this.#cloud.clock.now(),
      accountId: this.#cloud.accountId,
      region: region || this.#cloud.region,
    });
    return {
      principal: principal.kind === 'service' ? (principal.servicePrincipal as string) : principal.arn,
      action: access.action,
      resource: access.resource,
      // Foundation models, AWS's own policies and `*` belong to no account: the caller's stands in.
      resourceAccountId: /^\d{12}$/.test(account) ? account : this.#cloud.accountId,
      context: renameContextKeys({ ...context, ...access.context }),
    };
  }

  #identityOf(principal: Principal): PolicyHolder | undefined {
    return this.#iam.identity(principal.identityArn);
  }

  #profileOf(principal: Principal): Profile {
    const known = this.#profiles.get(principal.identityArn);
    if (known) return known;
    const policies = this.#policiesOf(principal);
    const text = JSON.stringify(policies);
    const profile = {
      policies,
      namesSessions: /assumed-role|userid/i.test(text),
      looksAtTime: timeDependent.test(text),
    };
    this.#profiles.set(principal.identityArn, profile);
    return profile;
  }

  #policiesOf(principal: Principal): Omit<PolicySet, 'resource' | 'session'> {
    if (principal.identityArn === administratorArn(this.#cloud.accountId)) {
      return { identity: [{ name: 'AdministratorAccess', policy: administratorPolicy }] };
    }
    const identity = this.#identityOf(principal);
    if (!identity) return { identity: [] };
    const inline = [...identity.inlinePolicies].map(([name, text]) => ({ name, policy: this.#document(text) }));
    const attached = [...identity.attachedPolicies].flatMap((arn) => this.#managed(arn));
    const boundary = identity.boundaryArn ? this.#managed(identity.boundaryArn)[0] : undefined;
    return { identity: [...inline, ...attached], ...(boundary ? { boundary } : {}) };
  }

  #managed(arn: string): NamedPolicy[] {
    const text = this.#iam.managedDocument(arn);
    return text === undefined ? [] : [{ name: arn, policy: this.#document(text) }];
  }

  #document(text: string): unknown {
    const known = this.#documents.get(text);
    if (known !== undefined) return known;
    const document: unknown = JSON.parse(renamePolicyKeys(text));
    this.#documents.set(text, document);
    return document;
  }

  #report(access: Access, doubt: string): void {
    const line = `authorisation: ${access.action} on ${access.resource}: the simulator answers "${doubt}"; evaluated by the policies' text alone`;
    if (this.#doubts.has(`${access.action} ${doubt}`)) return;
    this.#doubts.add(`${access.action} ${doubt}`);
    this.#cloud.log(line);
  }
}

function readDocument(policy: unknown): unknown {
  return typeof policy === 'string' ? JSON.parse(policy) : (policy ?? undefined);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html, in its words. */
function refusalText(principal: Principal, access: Access, decision: Decision & { allowed: false }): string {
  const policyNames = {
    identity: ['an identity-based policy', 'no identity-based policy allows'],
    resource: ['a resource-based policy', 'no resource-based policy allows'],
    boundary: ['a permissions boundary', 'no permissions boundary allows'],
    session: ['a session policy', 'no session policy allows'],
  } as const;
  const [denying, lacking] = policyNames[principal.kind === 'service' ? 'resource' : decision.by];
  const onResource = access.resource === '*' ? '' : ` on resource: ${access.shownAs ?? access.resource}`;
  const reason = decision.explicit
    ? `with an explicit deny in ${denying}`
    : `because ${lacking} the ${access.action} action`;
  const who = principal.kind === 'service' ? principal.servicePrincipal : principal.arn;
  return `User: ${who} is not authorized to perform: ${access.action}${onResource} ${reason}`;
}
