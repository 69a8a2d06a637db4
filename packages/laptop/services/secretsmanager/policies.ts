import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { checkPolicyDocument } from '../iam/policy-document.ts';
import { accessTo } from './access.ts';
import { refuseReplica } from './replication.ts';
import type { Secret, SecretState } from './state.ts';
import { validateRequest } from './validation.ts';

interface PolicyInput {
  SecretId: string;
  ResourcePolicy: string;
  BlockPublicPolicy?: boolean;
}

interface Statement {
  Effect?: string;
  Principal?: unknown;
  Action?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

/** PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, ValidateResourcePolicy. */
export function policyOperations(state: SecretState): Record<string, Operation> {
  const on = (
    action: string,
    run: (secret: Secret, input: PolicyInput, call: Call) => Promise<unknown> | unknown,
  ): Operation<PolicyInput> => ({
    validate: (input) => validateRequest({ ...input }),
    access: (input, call) =>
      accessTo(state, action, input.SecretId, call, {
        ...(action === 'PutResourcePolicy' && {
          'secretsmanager:BlockPublicPolicy': String(input.BlockPublicPolicy === true),
        }),
      }),
    handle: async (input, call) => {
      const secret = state.requireLive(call.region, input.SecretId);
      refuseReplica(secret);
      await run(secret, input, call);
      return {
        ARN: secret.arn,
        Name: secret.name,
        ...(action === 'GetResourcePolicy' && { ResourcePolicy: secret.policy }),
      };
    },
  });
  return {
    GetResourcePolicy: on('GetResourcePolicy', () => {}),
    DeleteResourcePolicy: on('DeleteResourcePolicy', (secret) => {
      secret.policy = undefined;
      state.changed(secret);
    }),
    PutResourcePolicy: on('PutResourcePolicy', async (secret, input) => {
      if (!(await isWellFormed(input.ResourcePolicy))) {
        throw new AwsError('MalformedPolicyDocumentException', SYNTAX_ERROR);
      }
      if (input.BlockPublicPolicy && statementsOf(input.ResourcePolicy).some(grantsBroadAccess)) {
        throw new AwsError(
          'PublicPolicyException',
          "You can't attach a resource-based policy that allows broad access to the secret.",
        );
      }
      secret.policy = input.ResourcePolicy;
      state.changed(secret);
    }),
    ValidateResourcePolicy: {
      validate: (input: PolicyInput) => validateRequest({ ...input }),
      access: (input: PolicyInput, call) => accessTo(state, 'ValidateResourcePolicy', input.SecretId, call),
      handle: (input: PolicyInput, call) => {
        if (input.SecretId !== undefined) refuseReplica(state.requireLive(call.region, input.SecretId));
        return validateResourcePolicy(input.ResourcePolicy);
      },
    },
  };
}

const SYNTAX_ERROR = 'This resource policy contains a syntax error.';

/**
 * Finds by the statements' text what AWS finds by automated reasoning, in its words.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html
 */
async function validateResourcePolicy(text: string): Promise<Record<string, unknown>> {
  const found: { CheckName: string; ErrorMessage: string }[] = [];
  const report = (CheckName: string, ErrorMessage: string) => found.push({ CheckName, ErrorMessage });
  if (!(await isWellFormed(text))) report('SYNTAX_CHECK', SYNTAX_ERROR);
  else {
    if (statementsOf(text).some(grantsBroadAccess)) {
      report(
        'BROAD_ACCESS_CHECK',
        'This resource policy grants broad access to your secret. Secrets Manager does not allow creating and applying such policies in the console.',
      );
    }
    if (statementsOf(text).some(locksOut)) {
      report('LOCKOUT_CHECK', 'Your requested changes will not allow you to manage this secret in the future.');
    }
  }
  return { PolicyValidationPassed: found.length === 0, ValidationErrors: found };
}

async function isWellFormed(text: string): Promise<boolean> {
  try {
    await checkPolicyDocument(text, 'resource');
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

const statementsOf = (text: string): Statement[] => [JSON.parse(text).Statement].flat();

/** Conditions on these, by fixed values, keep a grant to everybody from being one. */
const narrowing =
  /^aws:(Source(Arn|Account|Vpc|Vpce|OrgID|OrgPaths)|Principal(Arn|Account|OrgID|OrgPaths|ServiceName)|userid)$/i;

function grantsBroadAccess({ Effect, Principal, Condition }: Statement): boolean {
  if (Effect !== 'Allow' || !isEverybody(Principal)) return false;
  return !Object.entries(Condition ?? {}).some(
    ([operator, keys]) =>
      !/Not|IfExists|^Null$/.test(operator) &&
      Object.entries(keys).some(([key, values]) => narrowing.test(key) && ![values].flat().includes('*')),
  );
}

const isEverybody = (principal: unknown) =>
  principal === '*' || [(principal as { AWS?: unknown } | undefined)?.AWS].flat().includes('*');

function locksOut({ Effect, Principal, Action, Condition }: Statement): boolean {
  const managing = ['*', 'secretsmanager:*', 'secretsmanager:PutResourcePolicy'];
  return (
    Effect === 'Deny' &&
    isEverybody(Principal) &&
    !Condition &&
    [Action].flat().some((name) => managing.includes(name ?? ''))
  );
}
