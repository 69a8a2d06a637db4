import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

export type Request = APIGatewayProxyEventV2;
export type Response = APIGatewayProxyStructuredResultV2;

/** An error that the caller is to see. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

export function json(status: number, body: unknown): Response {
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Answers HttpErrors as such; anything else is a 500 whose cause is in the log, not in the answer. */
export function http(
  serve: (request: Request) => Promise<Response>,
  log: (error: unknown) => void = (error) =>
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error),
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await serve(request);
    } catch (error) {
      if (error instanceof HttpError) return json(error.status, { error: error.message });
      log(error);
      return json(500, { error: 'Something went wrong on our side.' });
    }
  };
}

export function readBody(request: Request): Record<string, unknown> {
  const text = request.isBase64Encoded ? Buffer.from(request.body ?? '', 'base64').toString('utf8') : request.body;
  try {
    const body: unknown = JSON.parse(text ?? '');
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    throw new HttpError(400, 'The body must be JSON.');
  }
  throw new HttpError(400, 'The body must be a JSON object.');
}
