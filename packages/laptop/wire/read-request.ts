import { AwsError } from '../cloud.ts';
import { missingMemberError } from './protocol-errors.ts';
import { readJson } from './read-json.ts';
import { readQuery } from './read-query.ts';
import { missingMembers, missingMembersText } from './required.ts';
import { matchRest, parseJson, readRest } from './rest.ts';
import type { OperationModel, ServiceModel } from './service-model.ts';
import type { Spoken } from './write-answer.ts';

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The parameters of the query protocol, where the request carries some. */
  readonly form: URLSearchParams | undefined;
}

/** Which protocol the caller speaks; services that left the query protocol still understand it. */
export function spokenBy(model: ServiceModel, request: WireRequest): Spoken {
  if (model.queryCompatible && request.form?.has('Action')) return 'awsQuery';
  if (model.protocol === 'awsJson1_0' && request.headers['content-type']?.includes('json-1.1')) return 'awsJson1_1';
  return model.protocol;
}

/** Operation and input of a request, checked against the model. Throws the protocol's own errors. */
export function readRequest(model: ServiceModel, spoken: Spoken, request: WireRequest) {
  switch (spoken) {
    case 'awsJson1_0':
    case 'awsJson1_1': {
      const operation = operationOf(model, jsonTarget(request));
      const body = request.body.length === 0 ? {} : parseJson(request.body);
      return checked(model, operation, readJson(operation.input, body, false));
    }
    case 'awsQuery':
    case 'ec2Query': {
      const form = request.form ?? request.query;
      const action = form.get('Action');
      if (!action) throw new AwsError('MissingAction', 'The request is missing an action or a required parameter.');
      const operation = operationOf(model, action, form.get('Version') ?? '');
      return checked(model, operation, readQuery(operation.input, form));
    }
    case 'restJson1': {
      const match = matchRest(model, request.method, request.path, request.query);
      if (!match) throw new AwsError('UnknownOperationException', '');
      return checked(model, match.operation, readRest(match, request));
    }
  }
}

function jsonTarget(request: WireRequest): string {
  const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const target = request.headers['x-amz-target'];
  if (request.method !== 'POST' || !target || !/^application\/(x-amz-json-1\.[01]|json)$/.test(contentType ?? '')) {
    throw new AwsError('UnknownOperationException', '', { httpStatus: 404 });
  }
  return target.slice(target.lastIndexOf('.') + 1);
}

function operationOf(model: ServiceModel, name: string, version = ''): OperationModel {
  const operation = model.operations.get(name);
  if (operation) return operation;
  const text =
    version === '' ? '' : `Could not find operation ${name.slice(0, 128)} for version ${version.slice(0, 32)}`;
  throw new AwsError('UnknownOperationException', text);
}

function checked(model: ServiceModel, operation: OperationModel, input: unknown) {
  const missing = missingMembers(operation.input, input);
  if (missing.length > 0) throw missingMemberError(model.service.name, missing, missingMembersText(missing));
  return { operation, input };
}
