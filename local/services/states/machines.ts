import { randomUUID } from 'node:crypto';
import type { Cloud } from '../../cloud.ts';
import { AwsError, type Call, type Operation } from '../../service.ts';
import type { Executions } from './executions.ts';
import { InvalidDefinition, type MachineDefinition, parseDefinition } from './interpreter/definition.ts';
import { paginate, validateArn, validateName } from './requests.ts';
import type { StateMachine } from './state.ts';

/** The state machines of the account. */
export class Machines {
  readonly byArn = new Map<string, StateMachine>();
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  clear(): void {
    this.byArn.clear();
  }

  arnOf(region: string, name: string): string {
    return `arn:aws:states:${region}:${this.#cloud.accountId}:stateMachine:${name}`;
  }

  create(
    region: string,
    machine: {
      name: string;
      definition: string;
      roleArn: string;
      type?: string;
      tags?: StateMachine['tags'];
      loggingConfiguration?: unknown;
      tracingConfiguration?: unknown;
    },
  ): StateMachine {
    validateName(machine.name);
    const arn = this.arnOf(region, machine.name);
    const existing = this.byArn.get(arn);
    const definition = this.parse(machine.definition);
    if (existing) {
      if (existing.definitionText === machine.definition && existing.roleArn === machine.roleArn) return existing;
      throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
    }
    const now = this.#cloud.clock.now();
    const made: StateMachine = {
      arn,
      name: machine.name,
      type: machine.type === 'EXPRESS' ? 'EXPRESS' : 'STANDARD',
      createdAt: now,
      updatedAt: now,
      definitionText: machine.definition,
      definition,
      roleArn: machine.roleArn,
      revisionId: randomUUID(),
      loggingConfiguration: machine.loggingConfiguration,
      tracingConfiguration: machine.tracingConfiguration,
      tags: machine.tags ?? [],
    };
    this.byArn.set(arn, made);
    return made;
  }

  update(machine: StateMachine, change: { definition?: string; roleArn?: string }): void {
    if (change.definition !== undefined) {
      machine.definition = this.parse(change.definition);
      machine.definitionText = change.definition;
    }
    if (change.roleArn !== undefined) machine.roleArn = change.roleArn;
    machine.revisionId = randomUUID();
    machine.updatedAt = this.#cloud.clock.now();
  }

  require(arn: string): StateMachine {
    validateArn(arn);
    const machine = this.byArn.get(arn);
    if (machine) return machine;
    throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }

  parse(text: string): MachineDefinition {
    try {
      return parseDefinition(text);
    } catch (error) {
      if (error instanceof InvalidDefinition) throw new AwsError('InvalidDefinition', error.message, { cause: error });
      throw error;
    }
  }
}

interface CreateInput {
  name: string;
  definition: string;
  roleArn: string;
  type?: string;
  tags?: StateMachine['tags'];
  loggingConfiguration?: unknown;
  tracingConfiguration?: unknown;
}

export function machineOperations(machines: Machines, executions: Executions): Record<string, Operation> {
  const on = (action: string, handle: (machine: StateMachine, input: any, call: Call) => unknown): Operation => ({
    access: (input) => [{ action: `states:${action}`, resource: input.stateMachineArn ?? input.resourceArn }],
    handle: (input, call) => handle(machines.require(input.stateMachineArn ?? input.resourceArn), input, call),
  });
  return {
    CreateStateMachine: {
      access: (input: CreateInput, call) => [
        { action: 'states:CreateStateMachine', resource: machines.arnOf(call.region, input.name) },
        { action: 'iam:PassRole', resource: input.roleArn, context: { 'iam:PassedToService': 'states.amazonaws.com' } },
      ],
      handle: (input: CreateInput, call) => {
        const machine = machines.create(call.region, input);
        return { stateMachineArn: machine.arn, creationDate: machine.createdAt };
      },
    },
    UpdateStateMachine: on('UpdateStateMachine', (machine, input) => {
      machines.update(machine, input);
      return { updateDate: machine.updatedAt, revisionId: machine.revisionId };
    }),
    DeleteStateMachine: {
      access: (input) => [{ action: 'states:DeleteStateMachine', resource: input.stateMachineArn }],
      handle: (input: { stateMachineArn: string }) => {
        validateArn(input.stateMachineArn);
        machines.byArn.delete(input.stateMachineArn);
        return {};
      },
    },
    DescribeStateMachine: on('DescribeStateMachine', describeMachine),
    DescribeStateMachineForExecution: {
      access: (input) => [{ action: 'states:DescribeStateMachineForExecution', resource: input.executionArn }],
      handle: (input: { executionArn: string }) => {
        const execution = executions.byArn.get(input.executionArn);
        if (!execution)
          throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${input.executionArn}'`);
        const { status, creationDate, type, ...rest } = describeMachine(execution.machine);
        return { ...rest, updateDate: execution.machine.updatedAt };
      },
    },
    ListStateMachines: {
      access: () => [{ action: 'states:ListStateMachines', resource: '*' }],
      handle: (input: { maxResults?: number; nextToken?: string }, call) => {
        const all = [...machines.byArn.values()].filter((machine) => machine.arn.split(':')[3] === call.region);
        const { page, nextToken } = paginate(
          all.sort((a, b) => a.name.localeCompare(b.name)),
          input,
        );
        return {
          stateMachines: page.map((machine) => ({
            stateMachineArn: machine.arn,
            name: machine.name,
            type: machine.type,
            creationDate: machine.createdAt,
          })),
          nextToken,
        };
      },
    },
    ValidateStateMachineDefinition: {
      access: () => [{ action: 'states:ValidateStateMachineDefinition', resource: '*' }],
      handle: (input: { definition: string }) => validate(input.definition),
    },
    ListTagsForResource: on('ListTagsForResource', (machine) => ({ tags: machine.tags })),
    TagResource: on('TagResource', (machine, input) => {
      machine.tags = [
        ...machine.tags.filter((tag) => !input.tags.some((added: { key?: string }) => added.key === tag.key)),
        ...input.tags,
      ];
      return {};
    }),
    UntagResource: on('UntagResource', (machine, input) => {
      machine.tags = machine.tags.filter((tag) => !input.tagKeys.includes(tag.key));
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
    revisionId: machine.revisionId,
  };
}

function validate(definition: string): Record<string, unknown> {
  try {
    parseDefinition(definition);
    return { result: 'OK', diagnostics: [], truncated: false };
  } catch (error) {
    if (!(error instanceof InvalidDefinition)) throw error;
    return {
      result: 'FAIL',
      diagnostics: [{ severity: 'ERROR', code: 'SCHEMA_VALIDATION_FAILED', message: error.message }],
      truncated: false,
    };
  }
}
