import { AwsError, type Cloud, type Principal } from '../../cloud.ts';
import { serviceMayAssume } from '../iam/trust.ts';
import { StatesError } from './interpreter/errors.ts';
import type { StateMachine } from './state.ts';

const STATES = 'states.amazonaws.com';

/** @throws AwsError as CreateStateMachine refuses a role that Step Functions may not take */
export async function expectAssumable(cloud: Cloud, roleArn: string, machineArn: string): Promise<void> {
  if (await serviceMayAssume(cloud, roleArn, STATES, machineArn)) return;
  throw new AwsError(
    'AccessDeniedException',
    `Neither the global service principal ${STATES}, nor the regional one is authorized to assume the provided role.`,
  );
}

/** As whom a Task calls: the machine's role, or from there the role that the state's Credentials name. @throws StatesError */
export async function principalForMachine(
  cloud: Cloud,
  { machine, name, roleArn }: { machine: StateMachine; name: string; roleArn: string | undefined },
): Promise<Principal> {
  const sessionName = name.slice(0, 64);
  if (!(await serviceMayAssume(cloud, machine.roleArn, STATES, machine.arn)))
    throw new StatesError(
      'States.Permissions',
      `The role ${machine.roleArn} is not authorized to be assumed by ${STATES}.`,
    );
  const { principal } = cloud.assumeRole(machine.roleArn, sessionName);
  if (roleArn === undefined) return principal;
  const input = { RoleArn: roleArn, RoleSessionName: sessionName };
  try {
    await cloud.call({ service: 'sts', operation: 'AssumeRole', input, principal });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new StatesError('States.TaskFailed', error.message);
  }
  return cloud.assumeRole(roleArn, sessionName).principal;
}
