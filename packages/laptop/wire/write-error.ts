import type { AwsError } from '../cloud.ts';
import type { Schema } from './schema.ts';
import type { ErrorModel, ServiceModel } from './service-model.ts';
import { type Answer, jsonContentType, type Spoken, writeJson } from './write-answer.ts';

/**
 * An error as the protocol writes it.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization (and its siblings)
 */
export function writeError(
  model: ServiceModel | undefined,
  error: AwsError,
  spoken: Spoken,
  requestId: string,
  queryMode = false,
): Answer {
  const shape = model?.errors.get(error.code);
  const status = statusOf(error, shape, spoken);
  switch (spoken) {
    case 'awsJson1_0':
    case 'awsJson1_1':
      return writeJsonError(model, error, shape, { status, spoken, requestId, queryMode });
    case 'restJson1':
      return {
        status,
        headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code },
        body: errorBody(model, error, shape, {}),
      };
    case 'awsQuery':
    case 'ec2Query':
      return writeXmlError(model, error, shape, { status, spoken, requestId });
  }
}

// Statuses in JSON services are 400 and 500 whatever the model says; REST and query go by the error's own status.
function statusOf(error: AwsError, shape: ErrorModel | undefined, spoken: Spoken): number {
  if (error.httpStatus !== 400) return error.httpStatus;
  if (shape?.fault === 'server') return shape.httpStatus ?? 500;
  return spoken === 'awsJson1_0' || spoken === 'awsJson1_1' ? 400 : (shape?.httpStatus ?? 400);
}

function writeJsonError(
  model: ServiceModel | undefined,
  error: AwsError,
  shape: ErrorModel | undefined,
  about: { status: number; spoken: 'awsJson1_0' | 'awsJson1_1'; requestId: string; queryMode: boolean },
): Answer {
  const namespace = shape ? (shape.schema.getName(true)?.split('#')[0] ?? '') : '';
  const type = about.spoken === 'awsJson1_0' && shape ? `${namespace}#${shape.name}` : (shape?.name ?? error.code);
  const headers: Record<string, string> = {
    'content-type': jsonContentType(about.spoken),
    'x-amzn-requestid': about.requestId,
  };
  if (about.queryMode && model?.queryCompatible) {
    const sender = about.status >= 500 ? 'Receiver' : 'Sender';
    headers['x-amzn-query-error'] = `${shape?.queryCode ?? error.code};${sender}`;
  }
  return { status: about.status, headers, body: errorBody(model, error, shape, { __type: type }) };
}

function errorBody(
  model: ServiceModel | undefined,
  error: AwsError,
  shape: ErrorModel | undefined,
  first: Record<string, unknown>,
): string {
  const member = shape ? (messageMember(shape.schema) ?? model?.messageMember ?? 'message') : unmodelledMember(error);
  const text = error.message === '' ? {} : { [member]: error.message };
  if (!shape) return JSON.stringify({ ...first, ...text, ...error.fields });
  const modelled = JSON.parse(writeJson(shape.schema, { ...text, ...error.fields }, true));
  return JSON.stringify({ ...first, ...modelled });
}

/** What no service models comes from AWS's front end, which writes `message`, but for refusals and unreadable requests. */
function unmodelledMember({ code }: AwsError): string {
  return code === 'AccessDeniedException' || code === 'SerializationException' ? 'Message' : 'message';
}

function messageMember(schema: Schema): string | undefined {
  for (const [name] of schema.structIterator()) if (name === 'message' || name === 'Message') return name;
  return undefined;
}

function writeXmlError(
  model: ServiceModel | undefined,
  error: AwsError,
  shape: ErrorModel | undefined,
  about: { status: number; spoken: 'awsQuery' | 'ec2Query'; requestId: string },
): Answer {
  const code = escapeXml(shape?.queryCode ?? error.code);
  const message = escapeXml(error.message);
  const fields = Object.entries(error.fields)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join('');
  const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': about.requestId };
  if (about.spoken === 'ec2Query') {
    return {
      status: about.status,
      headers,
      body: `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>${about.requestId}</RequestID></Response>`,
    };
  }
  const type = about.status >= 500 ? 'Receiver' : 'Sender';
  const body = `<ErrorResponse xmlns="${escapeXml(model?.xmlNamespace ?? '')}"><Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message>${fields}</Error><RequestId>${about.requestId}</RequestId></ErrorResponse>`;
  return { status: about.status, headers, body };
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}
