import type { Operation } from '../../cloud.ts';
import { check, longest, oneOf, pattern } from '../constraints.ts';
import { conflict, functionNotFound, invalidParameter, notFound, preconditionFailed } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { onFunction } from './requests.ts';
import { type LambdaFunction, newRevisionId, type PolicyStatement } from './state.ts';

const noPolicy = () => notFound('The resource you requested does not exist.');

/** The resource policy of a function, or of one of its versions or aliases. */
export function policyDocument(fn: LambdaFunction, qualifier: string | undefined) {
  const statements = fn.policies.get(policyKey(qualifier));
  return statements?.length ? { Version: '2012-10-17', Id: 'default', Statement: statements } : undefined;
}

const policyKey = (qualifier: string | undefined) => (qualifier === '$LATEST' ? '' : (qualifier ?? ''));

/** AddPermission, RemovePermission, GetPolicy. */
export function permissionOperations(lambda: Lambda): Record<string, Operation> {
  return {
    AddPermission: {
      validate(input) {
        check(
          ['statementId', input.StatementId, longest(100), pattern('[a-zA-Z0-9-_]+')],
          ['action', input.Action, pattern('(lambda:[*]|lambda:[a-zA-Z]+|[*])')],
          ['functionUrlAuthType', input.FunctionUrlAuthType, oneOf('NONE', 'AWS_IAM')],
        );
      },
      access: onFunction(lambda, 'AddPermission'),
      handle(input, call) {
        const { fn, qualifier } = lambda.find(call, input);
        return { Statement: JSON.stringify(addPermission(fn, qualifier, input)) };
      },
    },
    RemovePermission: {
      access: onFunction(lambda, 'RemovePermission'),
      handle(input, call) {
        const { fn, qualifier } = lambda.find(call, input);
        const statements = fn.policies.get(policyKey(qualifier));
        if (!statements?.length) throw notFound('No policy is associated with the given resource.');
        expectPolicyRevision(revisionOf(fn, qualifier), input.RevisionId);
        const left = statements.filter(({ Sid }) => Sid !== input.StatementId);
        if (left.length === statements.length) {
          throw notFound(`Statement ${input.StatementId} is not found in resource policy.`);
        }
        fn.policies.set(policyKey(qualifier), left);
        touch(fn, qualifier);
      },
    },
    GetPolicy: {
      access: onFunction(lambda, 'GetPolicy'),
      handle(input, call) {
        const { fn, qualifier } = lambda.find(call, input);
        const document = policyDocument(fn, qualifier);
        if (!document) throw noPolicy();
        return { Policy: JSON.stringify(document), RevisionId: revisionOf(fn, qualifier) };
      },
    },
  };
}

export interface Permission {
  StatementId: string;
  Action: string;
  Principal: string;
  SourceArn?: string;
  SourceAccount?: string;
  PrincipalOrgID?: string;
  EventSourceToken?: string;
  FunctionUrlAuthType?: string;
  InvokedViaFunctionUrl?: boolean;
  RevisionId?: string;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
export function addPermission(fn: LambdaFunction, qualifier: string | undefined, input: Permission): PolicyStatement {
  if (qualifier === '$LATEST') throw invalidParameter('We currently do not support adding policies for $LATEST.');
  if (qualifier !== undefined && !fn.aliases.has(qualifier) && !fn.versions.has(qualifier)) {
    throw functionNotFound(`${fn.arn}:${qualifier}`);
  }
  expectPolicyRevision(revisionOf(fn, qualifier), input.RevisionId);
  const key = policyKey(qualifier);
  const statements = fn.policies.get(key) ?? [];
  if (statements.some(({ Sid }) => Sid === input.StatementId)) {
    throw conflict(
      `The statement id (${input.StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    );
  }
  const conditions = conditionsOf(input);
  const statement: PolicyStatement = {
    Sid: input.StatementId,
    Effect: 'Allow',
    Principal: principalOf(input.Principal),
    Action: input.Action,
    Resource: qualifier === undefined ? fn.arn : `${fn.arn}:${qualifier}`,
    ...(conditions ? { Condition: conditions } : {}),
  };
  fn.policies.set(key, [...statements, statement]);
  touch(fn, qualifier);
  return statement;
}

function principalOf(principal: string): unknown {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principal.startsWith('arn:')) return { AWS: principal };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com|amazon\.com|aws\.internal)$/.test(principal))
    return { Service: principal };
  throw invalidParameter('The provided principal was invalid. Please check the principal and try again.');
}

function conditionsOf(input: Permission): PolicyStatement['Condition'] | undefined {
  const equals: Record<string, string> = {
    ...(input.SourceAccount ? { 'AWS:SourceAccount': input.SourceAccount } : {}),
    ...(input.PrincipalOrgID ? { 'aws:PrincipalOrgID': input.PrincipalOrgID } : {}),
    ...(input.EventSourceToken ? { 'lambda:EventSourceToken': input.EventSourceToken } : {}),
    ...(input.FunctionUrlAuthType ? { 'lambda:FunctionUrlAuthType': input.FunctionUrlAuthType } : {}),
  };
  const conditions = {
    ...(Object.keys(equals).length > 0 ? { StringEquals: equals } : {}),
    ...(input.SourceArn ? { ArnLike: { 'AWS:SourceArn': input.SourceArn } } : {}),
    ...(input.InvokedViaFunctionUrl ? { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } } : {}),
  };
  return Object.keys(conditions).length > 0 ? conditions : undefined;
}

function revisionOf(fn: LambdaFunction, qualifier: string | undefined): string {
  const target = fn.aliases.get(qualifier ?? '') ?? fn.versions.get(qualifier ?? '') ?? fn.latest;
  return target.revisionId;
}

function expectPolicyRevision(current: string, given: string | undefined): void {
  if (given !== undefined && given !== current) throw preconditionFailed('GetPolicy');
}

// A change of the policy moves the RevisionId of what it belongs to.
function touch(fn: LambdaFunction, qualifier: string | undefined): void {
  const alias = fn.aliases.get(qualifier ?? '');
  if (alias) return void fn.aliases.set(alias.name, { ...alias, revisionId: newRevisionId() });
  const version = fn.versions.get(qualifier ?? '') ?? fn.latest;
  version.revisionId = newRevisionId();
}
