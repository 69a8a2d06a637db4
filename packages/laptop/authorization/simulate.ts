import type { RequestAnalysis, Simulation } from '@cloud-copilot/iam-simulate';
import { loadSimulator } from './simulator.ts';

export interface PolicySet {
  readonly identity: readonly NamedPolicy[];
  readonly boundary?: NamedPolicy;
  readonly session?: unknown;
  readonly resource?: unknown;
}

export interface NamedPolicy {
  readonly name: string;
  readonly policy: unknown;
}

export interface Question {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceAccountId: string;
  readonly context: Readonly<Record<string, string | string[]>>;
}

export type PolicyType = 'identity' | 'resource' | 'boundary' | 'session';

export type Decision =
  | { readonly allowed: true; readonly doubt?: string }
  | { readonly allowed: false; readonly explicit: boolean; readonly by: PolicyType; readonly doubt?: string };

/**
 * Asks the simulator. It knows every documented action with its resource types and condition keys; where it does not
 * know what is asked (a new action, an ARN that the action does not take, a malformed resource policy), the policies are
 * evaluated without that knowledge, resource policies only to refuse, and `doubt` says so.
 */
export async function simulate(question: Question, policies: PolicySet): Promise<Decision> {
  const simulation = makeSimulation(question, policies);
  const { runSimulation, runUnsafeSimulation } = await loadSimulator();
  let doubt: string;
  try {
    let answer = await runSimulation(simulation, {});
    // Actions without resource-level permissions are decided for `*`, whatever ARN the caller has at hand.
    if (answer.resultType === 'error' && answer.errors.message === 'must.use.wildcard') {
      simulation.request.resource.resource = '*';
      answer = await runSimulation(simulation, {});
    }
    if (answer.resultType === 'single') {
      const unheard = unheardKeys(answer.result.ignoredContextKeys ?? [], policies);
      const decision = decisionOf(answer.result.analysis, policies);
      return unheard === '' ? decision : { ...decision, doubt: `ignored ${unheard}` };
    }
    doubt = answer.resultType === 'error' ? answer.errors.message : '';
  } catch (error) {
    doubt = error instanceof Error ? error.message : String(error);
  }
  const decision = evaluateWithoutKnowledge(simulation, policies, runUnsafeSimulation);
  return doubt === '' ? decision : { ...decision, doubt };
}

/** Keys of the request that a policy asks about and the simulator leaves out, since the action is not documented to have them. */
function unheardKeys(ignored: readonly string[], policies: PolicySet): string {
  if (ignored.length === 0) return '';
  const text = JSON.stringify(policies).toLowerCase();
  return ignored.filter((key) => text.includes(`"${key.toLowerCase()}"`)).join(', ');
}

function makeSimulation(question: Question, policies: PolicySet): Simulation {
  return {
    request: {
      principal: question.principal,
      action: question.action,
      resource: { resource: question.resource, accountId: question.resourceAccountId },
      contextVariables: { ...question.context },
    },
    identityPolicies: [...policies.identity] as Simulation['identityPolicies'],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(policies.resource === undefined ? {} : { resourcePolicy: policies.resource }),
    ...(policies.boundary ? { permissionBoundaryPolicies: [policies.boundary] } : {}),
    ...(policies.session === undefined ? {} : { sessionPolicy: policies.session }),
  };
}

function decisionOf(analysis: RequestAnalysis, policies: PolicySet): Decision {
  if (analysis.result === 'Allowed') return { allowed: true };
  const results: readonly (readonly [PolicyType, string | undefined])[] = [
    ['identity', analysis.identityAnalysis?.result],
    ['resource', analysis.resourceAnalysis?.result],
    ['boundary', policies.boundary ? analysis.permissionBoundaryAnalysis?.result : undefined],
    ['session', policies.session === undefined ? undefined : analysis.sessionAnalysis?.result],
  ];
  const explicit = results.find(([, result]) => result === 'ExplicitlyDenied');
  if (explicit) return { allowed: false, explicit: true, by: explicit[0] };
  const limits = results.find(
    ([type, result]) => (type === 'boundary' || type === 'session') && result !== undefined && result !== 'Allowed',
  );
  const identityAllows = analysis.identityAnalysis?.result === 'Allowed';
  if (identityAllows && limits) return { allowed: false, explicit: false, by: limits[0] };
  return { allowed: false, explicit: false, by: identityAllows ? 'resource' : 'identity' };
}

/** Stands for "every resource" in a request: only a policy's `*` fits it, where the simulator would let any ARN fit. */
const EVERY_RESOURCE = 'every-resource';

function evaluateWithoutKnowledge(
  simulation: Simulation,
  policies: PolicySet,
  runUnsafeSimulation: Awaited<ReturnType<typeof loadSimulator>>['runUnsafeSimulation'],
): Decision {
  const request = { ...simulation.request, resource: { ...simulation.request.resource } };
  request.resource.resource = request.resource.resource.replaceAll('*', EVERY_RESOURCE);
  const ask = (set: readonly NamedPolicy[]) =>
    runUnsafeSimulation(
      {
        request,
        identityPolicies: [...set] as Simulation['identityPolicies'],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );
  const sets: (readonly [PolicyType, readonly NamedPolicy[]])[] = [['identity', policies.identity]];
  if (policies.boundary) sets.push(['boundary', [policies.boundary]]);
  if (policies.session !== undefined) sets.push(['session', [{ name: 'session', policy: policies.session }]]);
  const results = sets.map(([type, set]) => [type, ask(set)] as const);
  const explicit = results.find(([, result]) => result === 'ExplicitlyDenied');
  if (explicit) return { allowed: false, explicit: true, by: explicit[0] };
  const implicit = results.find(([, result]) => result !== 'Allowed');
  if (implicit) return { allowed: false, explicit: false, by: implicit[0] };
  if (mayDeny(policies.resource)) return { allowed: false, explicit: true, by: 'resource' };
  return { allowed: true };
}

function mayDeny(policy: unknown): boolean {
  if (policy === undefined) return false;
  const statements = [(policy as { Statement?: unknown }).Statement].flat() as { Effect?: string }[];
  return statements.some((statement) => statement?.Effect !== 'Allow');
}
