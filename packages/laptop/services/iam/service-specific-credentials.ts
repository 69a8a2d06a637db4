import { randomBytes } from 'node:crypto';
import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { makeKeyId } from '../../identity/sessions.ts';
import { checkStatus } from './access-keys.ts';
import { limitExceeded, noSuchEntity, validationError } from './input.ts';
import { hashSecret, type IamState, type ServiceCredential } from './state.ts';
import { getUser, subjectName, userArn } from './users.ts';

const MOST_CREDENTIALS = 2;
const LONGEST_AGE_DAYS = 36_600;
const DAY_MILLISECONDS = 86_400_000;

/**
 * Long-term API keys. AWS has them for CodeCommit, Keyspaces, Bedrock and CloudWatch Logs; the laptop for Bedrock.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
 */
export function serviceCredentialOperations(state: IamState): Record<string, Operation> {
  const access = (name: string) => (input: { UserName?: string; ServiceName?: string }, call: Call) => [
    {
      action: `iam:${name}`,
      resource: userArn(state, subjectName(input, call), call),
      ...(input.ServiceName ? { context: { 'iam:ServiceSpecificCredentialServiceName': input.ServiceName } } : {}),
    },
  ];
  const credentialOf = (input: { UserName?: string; ServiceSpecificCredentialId: string }, call: Call) => {
    const credential = state.serviceCredentials.get(input.ServiceSpecificCredentialId);
    if (credential?.userName === getUser(state, subjectName(input, call)).name) return credential;
    throw noSuchEntity(`No such credential ${input.ServiceSpecificCredentialId} exists`);
  };
  const listed = (credential: ServiceCredential, call: Call) => ({
    UserName: credential.userName,
    Status: isExpired(credential, call) ? 'Expired' : credential.status,
    CreateDate: credential.createDate,
    ...(credential.expirationDate ? { ExpirationDate: credential.expirationDate } : {}),
    ServiceCredentialAlias: credential.alias,
    ServiceSpecificCredentialId: credential.id,
    ServiceName: credential.serviceName,
  });
  return {
    CreateServiceSpecificCredential: {
      access: access('CreateServiceSpecificCredential'),
      handle: (input, call) => {
        const { credential, secret } = create(state, input, call);
        return { ServiceSpecificCredential: { ...listed(credential, call), ServiceCredentialSecret: secret } };
      },
    },
    ListServiceSpecificCredentials: {
      access: (input, call) =>
        input.AllUsers
          ? [{ action: 'iam:ListServiceSpecificCredentials', resource: '*' }]
          : access('ListServiceSpecificCredentials')(input, call),
      handle: (input, call) => {
        const userName = input.AllUsers ? undefined : getUser(state, subjectName(input, call)).name;
        const found = [...state.serviceCredentials.values()].filter(
          (credential) =>
            (userName === undefined || credential.userName === userName) &&
            (input.ServiceName === undefined || credential.serviceName === input.ServiceName),
        );
        return { ServiceSpecificCredentials: found.map((credential) => listed(credential, call)), IsTruncated: false };
      },
    },
    UpdateServiceSpecificCredential: {
      access: access('UpdateServiceSpecificCredential'),
      handle: (input, call) => {
        credentialOf(input, call).status = checkStatus(input.Status);
        state.changed();
      },
    },
    ResetServiceSpecificCredential: {
      access: access('ResetServiceSpecificCredential'),
      handle: (input, call) => {
        const credential = credentialOf(input, call);
        const secret = makeSecret(credential.alias);
        credential.secretHash = hashSecret(secret);
        state.changed();
        return { ServiceSpecificCredential: { ...listed(credential, call), ServiceCredentialSecret: secret } };
      },
    },
    DeleteServiceSpecificCredential: {
      access: access('DeleteServiceSpecificCredential'),
      handle: (input, call) => {
        state.serviceCredentials.delete(credentialOf(input, call).id);
        state.changed();
      },
    },
  };
}

function create(
  state: IamState,
  input: { UserName: string; ServiceName: string; CredentialAgeDays?: number },
  call: Call,
): { credential: ServiceCredential; secret: string } {
  const user = getUser(state, input.UserName);
  if (input.ServiceName !== 'bedrock.amazonaws.com') {
    throw new AwsError(
      'NotSupportedService',
      `${input.ServiceName} does not support service specific credentials on the laptop.`,
      {
        httpStatus: 404,
      },
    );
  }
  const days = input.CredentialAgeDays;
  if (days !== undefined && (days < 1 || days > LONGEST_AGE_DAYS)) {
    throw validationError(
      `1 validation error detected: Value '${days}' at 'credentialAgeDays' failed to satisfy constraint: Member must have value ${days < 1 ? 'greater than or equal to 1' : `less than or equal to ${LONGEST_AGE_DAYS}`}`,
    );
  }
  const held = [...state.serviceCredentials.values()].filter(
    (credential) => credential.userName === user.name && credential.serviceName === input.ServiceName,
  );
  if (held.length >= MOST_CREDENTIALS) {
    throw limitExceeded(`Cannot exceed quota for ServiceSpecificCredentialsPerUser: ${MOST_CREDENTIALS}`);
  }
  const createDate = call.cloud.clock.now();
  const alias = `${user.name}-at-${call.accountId}-${randomBytes(4).toString('hex')}`;
  const secret = makeSecret(alias);
  const credential: ServiceCredential = {
    id: makeKeyId('ACCA', 21),
    userName: user.name,
    serviceName: input.ServiceName,
    createDate,
    alias,
    secretHash: hashSecret(secret),
    status: 'Active',
    ...(days === undefined ? {} : { expirationDate: new Date(createDate.getTime() + days * DAY_MILLISECONDS) }),
  };
  state.serviceCredentials.set(credential.id, credential);
  state.changed();
  return { credential, secret };
}

/** Bedrock's keys begin so, with the public part and a secret behind. */
const makeSecret = (alias: string) =>
  `ABSK${Buffer.from(`${alias}:${randomBytes(32).toString('base64')}`).toString('base64')}`;

function isExpired(credential: ServiceCredential, call: Call): boolean {
  return credential.expirationDate !== undefined && credential.expirationDate <= call.cloud.clock.now();
}
