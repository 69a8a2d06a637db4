import { AwsError, type Call } from '../../cloud.ts';
import type { Api, ApiState } from './state.ts';

export const badRequest = (text: string) => new AwsError('BadRequestException', text);
export const conflict = (text: string) => new AwsError('ConflictException', text, { httpStatus: 409 });
export const missing = (kind: string, id: string) =>
  new AwsError('NotFoundException', `Invalid ${kind} identifier specified ${id}`, { httpStatus: 404 });

export function found<T>(items: ReadonlyMap<string, T>, kind: string, id: string): T {
  const item = items.get(id);
  if (item === undefined) throw missing(kind, id);
  return item;
}

/** @throws AwsError BadRequestException for members that would change what an API does, and do not here. */
export function refuseMembers(input: any, names: readonly string[]): void {
  const unsupported = names.filter((name) => input[name] !== undefined && input[name] !== false);
  if (unsupported.length > 0) throw badRequest(`${unsupported.join(', ')} is not supported on the laptop.`);
}

export function findApi(state: ApiState, call: Call, id: string): Api {
  const api = state.find(id);
  if (!api || api.region !== call.region) throw missing('API', `${call.accountId}:${id}`);
  return api;
}

export const on = (method: string, path: (input: any) => string) => (input: any, call: Call) => [
  { action: `apigateway:${method}`, resource: `arn:aws:apigateway:${call.region}::${path(input)}` },
];
