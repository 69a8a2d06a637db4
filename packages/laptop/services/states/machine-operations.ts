import { AwsError, type Call, type Cloud, type Operation } from '../../cloud.ts';
import { check, longest, oneOf } from '../constraints.ts';
import type { Executions } from './executions.ts';
import type { MachineDefinition } from './interpreter/definition.ts';
import { type Diagnostic, InvalidDefinition } from './interpreter/diagnostics.ts';
import { type MachineType, parseDefinition } from './interpreter/parse-definition.ts';
import { unknownActions } from './known-actions.ts';
import type { MachineInput, Machines } from './machines.ts';
import { type Page, paginate, validateArn, validateName, validatePage } from './requests.ts';
import { expectAssumable } from './roles.ts';
import type { StateMachine } from './state.ts';

const LONGEST_DEFINITION = 1_048_576;

export function machineOperations(cloud: Cloud, machines: Machines, executions: Executions): Record<string, Operation> {
  const on = (action: string, handle: (machine: StateMachine, input: any, call: Call) => unknown): Operation => ({
    access: (input) => [{ action: `states:${action}`, resource: input.stateMachineArn ?? input.resourceArn }],
    handle: (input, call) => handle(machines.require(input.stateMachineArn), input, call),
  });
  return {
    ...changes(cloud, machines, executions),
    DescribeStateMachine: on('DescribeStateMachine', describeMachine),
    DescribeStateMachineForExecution: {
      access: (input) => [{ action: 'states:DescribeStateMachineForExecution', resource: input.executionArn }],
      handle: (input: { executionArn: string }) => {
        validateArn(input.executionArn, 'execution');
        const execution = executions.byArn.get(input.executionArn);
        if (!execution)
          throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${input.executionArn}'`);
        const { status, creationDate, type, ...rest } = describeMachine(execution.machine);
        return {
          ...rest,
          definition: execution.mapRunArn ? JSON.stringify(execution.definition) : rest.definition,
          updateDate: execution.machine.updatedAt,
          mapRunArn: execution.mapRunArn,
        };
      },
    },
    ListStateMachines: {
      validate: (input) => validatePage(input),
      access: () => [{ action: 'states:ListStateMachines', resource: '*' }],
      handle: (input: Page, call) => {
        const all = [...machines.byArn.values()].filter((machine) => machine.arn.split(':')[3] === call.region);
        const { page, nextToken } = paginate(
          all.sort((a, b) => (a.name < b.name ? -1 : 1)),
          input,
        );
        return {
          stateMachines: page.map(({ arn, name, type, createdAt }) => ({
            stateMachineArn: arn,
            name,
            type,
            creationDate: createdAt,
          })),
          nextToken,
        };
      },
    },
    ValidateStateMachineDefinition: {
      validate: (input) =>
        check(
          ['definition', input.definition, longest(LONGEST_DEFINITION)],
          ['type', input.type, oneOf('STANDARD', 'EXPRESS')],
        ),
      access: () => [{ action: 'states:ValidateStateMachineDefinition', resource: '*' }],
      handle: (input) => validateDefinition(input, executions),
    },
    ...tagOperations(machines),
  };
}

function changes(cloud: Cloud, machines: Machines, executions: Executions): Record<string, Operation> {
  const passRole = (resource: string) => ({
    action: 'iam:PassRole',
    resource,
    context: { 'iam:PassedToService': 'states.amazonaws.com' },
  });
  return {
    CreateStateMachine: {
      validate: (input) =>
        check(
          ['definition', input.definition, longest(LONGEST_DEFINITION)],
          ['type', input.type, oneOf('STANDARD', 'EXPRESS')],
        ),
      access: (input: MachineInput, call) => [
        { action: 'states:CreateStateMachine', resource: machines.arnOf(call.region, input.name) },
        passRole(input.roleArn),
      ],
      handle: async (input: MachineInput & Unsupported, call) => {
        refuseUnsupported(input);
        validateName(input.name);
        const definition = machines.parse(input.definition, typeOf(input));
        await expectActions(definition, executions);
        await expectAssumable(cloud, input.roleArn, machines.arnOf(call.region, input.name));
        const machine = machines.create(call.region, input);
        return { stateMachineArn: machine.arn, creationDate: machine.createdAt };
      },
    },
    UpdateStateMachine: {
      access: (input: Partial<MachineInput> & { stateMachineArn: string }) => [
        { action: 'states:UpdateStateMachine', resource: input.stateMachineArn },
        ...(input.roleArn ? [passRole(input.roleArn)] : []),
      ],
      handle: async (input: Partial<MachineInput> & Unsupported & { stateMachineArn: string }) => {
        refuseUnsupported(input);
        const machine = machines.require(input.stateMachineArn);
        const { definition, roleArn, loggingConfiguration, tracingConfiguration } = input;
        if ([definition, roleArn, loggingConfiguration, tracingConfiguration].every((change) => change === undefined))
          throw new AwsError(
            'MissingRequiredParameter',
            'Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified',
          );
        if (definition !== undefined) await expectActions(machines.parse(definition, machine.type), executions);
        if (roleArn !== undefined) await expectAssumable(cloud, roleArn, machine.arn);
        machines.update(machine, input);
        return { updateDate: machine.updatedAt, revisionId: machine.revisionId };
      },
    },
    DeleteStateMachine: {
      access: (input) => [{ action: 'states:DeleteStateMachine', resource: input.stateMachineArn }],
      handle: (input: { stateMachineArn: string }) => {
        validateArn(input.stateMachineArn);
        machines.byArn.delete(input.stateMachineArn);
        return {};
      },
    },
  };
}

interface Unsupported {
  readonly publish?: boolean;
  readonly encryptionConfiguration?: { type?: string };
}

function refuseUnsupported({ publish, encryptionConfiguration }: Unsupported): void {
  if (publish)
    throw new AwsError('ValidationException', 'Versions of state machines (publish) are not supported on the laptop.');
  if (encryptionConfiguration !== undefined && encryptionConfiguration.type !== 'AWS_OWNED_KEY')
    throw new AwsError(
      'ValidationException',
      'A key of one’s own (encryptionConfiguration) is not supported on the laptop.',
    );
}

function tagOperations(machines: Machines): Record<string, Operation> {
  const on = (action: string, handle: (machine: StateMachine, input: any) => unknown): Operation => ({
    access: (input) => [{ action: `states:${action}`, resource: input.resourceArn }],
    handle: (input: { resourceArn: string }) => {
      validateArn(input.resourceArn);
      const machine = machines.byArn.get(input.resourceArn);
      if (machine) return handle(machine, input);
      throw new AwsError('ResourceNotFound', `Resource not found: '${input.resourceArn}'`);
    },
  });
  return {
    ListTagsForResource: on('ListTagsForResource', (machine) => ({ tags: machine.tags })),
    TagResource: on('TagResource', (machine, input: { tags: StateMachine['tags'] }) => {
      const keys = new Set(input.tags.map(({ key }) => key));
      machine.tags = [...machine.tags.filter(({ key }) => !keys.has(key)), ...input.tags];
      return {};
    }),
    UntagResource: on('UntagResource', (machine, input: { tagKeys: string[] }) => {
      machine.tags = machine.tags.filter(({ key }) => !input.tagKeys.includes(key ?? ''));
      return {};
    }),
  };
}

function describeMachine(machine: StateMachine) {
  return {
    stateMachineArn: machine.arn,
    name: machine.name,
    status: 'ACTIVE',
    definition: machine.definitionText,
    roleArn: machine.roleArn,
    type: machine.type,
    creationDate: machine.createdAt,
    loggingConfiguration: machine.loggingConfiguration ?? { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: machine.tracingConfiguration ?? { enabled: false },
    encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
    revisionId: machine.revisionId,
  };
}

const typeOf = ({ type }: { type?: string }): MachineType => (type === 'EXPRESS' ? 'EXPRESS' : 'STANDARD');

async function expectActions(definition: MachineDefinition, executions: Executions): Promise<void> {
  const problems = await unknownActions(definition, (service) => executions.model(service));
  if (problems.length === 0) return;
  const cause = new InvalidDefinition(problems);
  throw new AwsError('InvalidDefinition', cause.message, { cause });
}

interface ValidationInput {
  readonly definition: string;
  readonly type?: string;
  readonly maxResults?: number;
}

async function validateDefinition(input: ValidationInput, executions: Executions) {
  const diagnostics = await diagnose(input, executions);
  const most = input.maxResults || 100;
  return {
    result: diagnostics.length === 0 ? 'OK' : 'FAIL',
    diagnostics: diagnostics.slice(0, most),
    truncated: diagnostics.length > most,
  };
}

async function diagnose(input: ValidationInput, executions: Executions): Promise<readonly Diagnostic[]> {
  try {
    const definition = parseDefinition(input.definition, typeOf(input));
    return await unknownActions(definition, (service) => executions.model(service));
  } catch (error) {
    if (error instanceof InvalidDefinition) return error.diagnostics;
    throw error;
  }
}
