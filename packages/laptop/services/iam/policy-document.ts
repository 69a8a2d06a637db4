import { loadSimulator } from '../../authorization/simulator.ts';
import { AwsError } from '../../cloud.ts';

type Kind = 'identity' | 'trust' | 'resource';

/**
 * Refuses what IAM refuses to store: text that is no policy, a policy with a principal where none may stand.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export async function checkPolicyDocument(text: string, kind: Kind): Promise<void> {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw malformed(kind === 'trust' ? 'This policy contains invalid Json' : 'Syntax errors in policy.');
  }
  if (policy === null || typeof policy !== 'object' || Array.isArray(policy))
    throw malformed('Syntax errors in policy.');
  checkStatements(policy, kind);
  const { runSimulation } = await loadSimulator();
  const answer = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::000000000000:user/policy-check',
        action: 'sts:AssumeRole',
        resource: { resource: 'arn:aws:iam::000000000000:role/policy-check', accountId: '000000000000' },
        contextVariables: {},
      },
      identityPolicies: kind === 'identity' ? [{ name: 'policy', policy }] : [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(kind === 'identity' ? {} : { resourcePolicy: policy }),
    },
    {},
  );
  if (answer.resultType !== 'error') return;
  const found = kind === 'identity' ? answer.errors.identityPolicyErrors?.policy : answer.errors.resourcePolicyErrors;
  const first = found?.[0];
  throw malformed(first ? `Syntax errors in policy: ${first.message} (${first.path})` : 'Syntax errors in policy.');
}

/** Which fields a statement must have, and must not, in IAM's words. */
function checkStatements(policy: object, kind: Kind): void {
  for (const statement of [(policy as { Statement?: unknown }).Statement].flat()) {
    if (statement === null || typeof statement !== 'object') throw malformed('Syntax errors in policy.');
    const hasPrincipal = 'Principal' in statement || 'NotPrincipal' in statement;
    const hasResource = 'Resource' in statement || 'NotResource' in statement;
    if (kind === 'identity' && hasPrincipal) throw malformed('Policy document should not specify a principal.');
    if (kind === 'identity' && !hasResource) throw malformed('Policy statement must contain resources.');
    if (kind !== 'identity' && !hasPrincipal) throw malformed('Missing required field Principal');
    if (kind === 'trust' && hasResource) throw malformed('Has prohibited field Resource');
  }
}

const malformed = (message: string) => new AwsError('MalformedPolicyDocument', message);
