import { AwsError, type Call, type Cloud, type Operation, type Service } from '../../cloud.ts';
import { rolePrincipal } from '../../identity/principals.ts';
import type { Session } from '../../identity/sessions.ts';
import type { RunningCloud } from '../../running-cloud.ts';
import { checkPolicyDocument } from '../iam/policy-document.ts';
import type { IamService } from '../iam/service.ts';
import type { IamState, Role } from '../iam/state.ts';

const SHORTEST_SECONDS = 900;
const LONGEST_SESSION_TOKEN_SECONDS = 129_600;

export default function createStsService(cloud: Cloud): Service {
  const iam = () => cloud.service<IamService>('iam').state;
  const operations: Record<string, Operation> = {
    // AWS asks for no permission here, and a policy cannot forbid it.
    GetCallerIdentity: {
      handle: (_input, call) => ({
        UserId: userId(iam(), call),
        Account: call.accountId,
        Arn: call.principal.arn,
      }),
    },
    GetAccessKeyInfo: { handle: (_input, call) => ({ Account: call.accountId }) },
    GetSessionToken: { handle: (input, call) => getSessionToken(input, call) },
    AssumeRole: { handle: (input, call) => assumeRole(iam(), input, call) },
  };
  return {
    name: 'sts',
    schemas: () => import('@aws-sdk/client-sts') as Promise<Record<string, unknown>>,
    operations,
    reset() {},
  };
}

interface AssumeRoleInput {
  RoleArn: string;
  RoleSessionName: string;
  DurationSeconds?: number;
  ExternalId?: string;
  Policy?: string;
  PolicyArns?: { arn?: string }[];
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
async function assumeRole(iam: IamState, input: AssumeRoleInput, call: Call) {
  if (!/^[\w+=,.@-]{2,64}$/.test(input.RoleSessionName)) {
    throw validation(
      `1 validation error detected: Value '${input.RoleSessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  }
  const role = iam.identity(input.RoleArn) as Role | undefined;
  const refused = new AwsError(
    'AccessDenied',
    `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
    { httpStatus: 403 },
  );
  // A role that does not exist is refused like one that may not be assumed, so that names cannot be guessed.
  if (role?.kind !== 'role') throw refused;
  const kind = call.principal.kind === 'administrator' ? 'user' : call.principal.kind;
  const { allowed } = await call.cloud.authorise(
    { ...call.principal, kind },
    {
      action: 'sts:AssumeRole',
      resource: role.arn,
      resourcePolicy: role.trustPolicy,
      context: {
        'sts:RoleSessionName': input.RoleSessionName,
        ...(input.ExternalId === undefined ? {} : { 'sts:ExternalId': input.ExternalId }),
      },
    },
  );
  if (!allowed) throw refused;
  const seconds = input.DurationSeconds ?? 3600;
  checkDuration(seconds, 43_200);
  if (seconds > role.maxSessionDurationSeconds) {
    throw validation('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const sessionPolicy = await readSessionPolicy(iam, input);
  role.lastUsed = { date: call.cloud.clock.now(), region: call.region };
  const session = sessionsOf(call).issue(rolePrincipal(call.accountId, role.arn, input.RoleSessionName), {
    expiration: new Date(call.cloud.clock.now().getTime() + seconds * 1000),
    ...(sessionPolicy === undefined ? {} : { sessionPolicy }),
  });
  return {
    Credentials: credentials(session),
    AssumedRoleUser: { AssumedRoleId: `${role.id}:${input.RoleSessionName}`, Arn: session.principal.arn },
  };
}

async function readSessionPolicy(iam: IamState, input: AssumeRoleInput): Promise<unknown> {
  const texts = (input.PolicyArns ?? []).map(({ arn = '' }) => {
    const text = iam.managedDocument(arn);
    if (text === undefined) throw validation(`Policy ${arn} does not exist or is not attachable.`);
    return text;
  });
  if (input.Policy !== undefined) {
    await checkPolicyDocument(input.Policy, 'identity');
    texts.push(input.Policy);
  }
  if (texts.length === 0) return undefined;
  return { Version: '2012-10-17', Statement: texts.flatMap((text) => [JSON.parse(text).Statement].flat()) };
}

function getSessionToken(input: { DurationSeconds?: number }, call: Call) {
  if (call.principal.kind === 'role') {
    throw new AwsError('AccessDenied', 'Cannot call GetSessionToken with session credentials', { httpStatus: 403 });
  }
  const seconds = input.DurationSeconds ?? 43_200;
  checkDuration(seconds, LONGEST_SESSION_TOKEN_SECONDS);
  const expiration = new Date(call.cloud.clock.now().getTime() + seconds * 1000);
  return { Credentials: credentials(sessionsOf(call).issue(call.principal, { expiration })) };
}

function checkDuration(seconds: number, longest: number): void {
  if (seconds >= SHORTEST_SECONDS && seconds <= longest) return;
  const bound =
    seconds < SHORTEST_SECONDS ? `greater than or equal to ${SHORTEST_SECONDS}` : `less than or equal to ${longest}`;
  throw validation(
    `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

const sessionsOf = (call: Call) => (call.cloud as RunningCloud).sessions;
const validation = (message: string) => new AwsError('ValidationError', message);

const credentials = (session: Session) => ({
  AccessKeyId: session.accessKeyId,
  SecretAccessKey: session.secretAccessKey,
  SessionToken: session.sessionToken,
  Expiration: session.expiration,
});

function userId(iam: IamState, call: Call): string {
  const identity = iam.identity(call.principal.identityArn);
  if (!identity) return call.accountId;
  return identity.kind === 'role' ? `${identity.id}:${call.principal.sessionName ?? ''}` : identity.id;
}
