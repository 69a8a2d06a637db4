import type { Authoriser } from '../../authorization/authorise.ts';
import type { Cloud, Operation, Principal } from '../../cloud.ts';
import { noSuchEntity } from './input.ts';
import type { IamState } from './state.ts';

interface Input {
  PolicySourceArn: string;
  ActionNames: string[];
  ResourceArns?: string[];
  ResourcePolicy?: string;
  ContextEntries?: { ContextKeyName: string; ContextKeyValues: string[] }[];
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
export function simulateOperations(state: IamState): Record<string, Operation> {
  return {
    SimulatePrincipalPolicy: {
      access: (input: Input) => [{ action: 'iam:SimulatePrincipalPolicy', resource: input.PolicySourceArn }],
      handle: async (input: Input, call) => {
        const identity = state.identity(input.PolicySourceArn);
        if (!identity) throw noSuchEntity(`The role or user ${input.PolicySourceArn} cannot be found.`);
        const principal: Principal = { kind: identity.kind, arn: identity.arn, identityArn: identity.arn };
        const context = Object.fromEntries(
          (input.ContextEntries ?? []).map(({ ContextKeyName, ContextKeyValues }) => [
            ContextKeyName,
            ContextKeyValues.length === 1 ? (ContextKeyValues[0] as string) : ContextKeyValues,
          ]),
        );
        const { authoriser } = call.cloud as Cloud & { authoriser: Authoriser };
        const results: object[] = [];
        for (const action of input.ActionNames) {
          for (const resource of input.ResourceArns ?? ['*']) {
            const { decision } = await authoriser.simulate(principal, {
              action,
              resource,
              context,
              ...(input.ResourcePolicy === undefined ? {} : { resourcePolicy: input.ResourcePolicy }),
            });
            results.push({
              EvalActionName: action,
              EvalResourceName: resource,
              EvalDecision: decision.allowed ? 'allowed' : decision.explicit ? 'explicitDeny' : 'implicitDeny',
              MatchedStatements: [],
              MissingContextValues: [],
            });
          }
        }
        return { EvaluationResults: results, IsTruncated: false };
      },
    },
  };
}
