'use strict';
// The first code of an execution environment: loads the handler, then serves one request at a time. Between requests it
// stands in a blocking read of the pipe, which stops timers as Lambda's freeze does, and ends the process when the
// pipe's other end has gone. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const fs = require('node:fs');
const path = require('node:path');
const { format } = require('node:util');
const { pathToFileURL } = require('node:url');

const PIPE = 3;
const variables = process.env;
let requestId;
let settle;

function readExactly(length) {
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    const count = fs.readSync(PIPE, buffer, at, length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return buffer;
}

function send(message) {
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, 4);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(PIPE, frame, at);
}

const nextRequest = () => JSON.parse(readExactly(readExactly(4).readUInt32BE(0)).toString('utf8'));

function writeLine(text) {
  send({ type: 'log', time: Date.now(), text: text.endsWith('\n') ? text : `${text}\n` });
}

// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
const levels = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  log: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  fatal: 'FATAL',
};
const asJson = variables.AWS_LAMBDA_LOG_FORMAT === 'JSON';

function logAt(level, parts) {
  const timestamp = new Date().toISOString();
  if (!asJson) return writeLine(`${timestamp}\t${requestId ?? 'undefined'}\t${level}\t${format(...parts)}`);
  const record = { timestamp, level, ...(requestId ? { requestId } : {}) };
  const [first] = parts;
  const alone = parts.length === 1 && typeof first === 'object' && first !== null && !(first instanceof Error);
  record.message = alone ? first : format(...parts);
  const failure = parts.find((part) => part instanceof Error);
  if (failure) Object.assign(record, describe(failure));
  writeLine(JSON.stringify(record));
}

for (const [method, level] of Object.entries(levels)) console[method] = (...parts) => logAt(level, parts);
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, encoding, callback) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    if (text !== '') writeLine(text);
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
}

class RuntimeError extends Error {
  constructor(type, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = type;
    if (cause instanceof Error && cause.stack)
      this.stack = `${type}: ${message}\n${stackOf(cause).slice(1).join('\n')}`;
  }
}

const stackOf = (error) => String(error.stack ?? '').split('\n');
const isError = (value) =>
  value instanceof Error || Object.prototype.toString.call(value) === '[object Error]' || value?.stack !== undefined;

/** The error as Lambda's Node.js runtime reports it. */
function toError(value) {
  if (!isError(value)) return { errorType: typeof value, errorMessage: String(value), trace: [] };
  return { errorType: value.name, errorMessage: value.message, trace: stackOf(value) };
}

function describe(error) {
  if (!isError(error)) return { errorType: typeof error, errorMessage: String(error), stack: [] };
  return { errorType: error.name, errorMessage: error.message, ...error, stack: stackOf(error) };
}

function logFailure(title, error) {
  if (asJson) return logAt('ERROR', [error]);
  let text;
  try {
    text = JSON.stringify(describe(error));
  } catch {
    text = JSON.stringify(toError(error));
  }
  writeLine(`${new Date().toISOString()}\t${requestId ?? 'undefined'}\tERROR\t${title} \t${text}`);
}

async function loadHandler() {
  const full = path.basename(variables._HANDLER);
  const parts = /^([^.]*)\.(.+)$/.exec(full);
  if (!parts) throw new RuntimeError('Runtime.MalformedHandlerName', `Bad handler: ${variables._HANDLER}`);
  const file = path.resolve(variables.LAMBDA_TASK_ROOT, path.dirname(variables._HANDLER), parts[1]);
  const module = await loadModule(file, path.join(path.dirname(variables._HANDLER), parts[1]));
  const owner = module?.default !== undefined && !(parts[2].split('.')[0] in module) ? module.default : module;
  const handler = parts[2].split('.').reduce((value, name) => value?.[name], owner);
  if (handler === undefined) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${variables._HANDLER} is undefined or not exported`);
  }
  if (typeof handler !== 'function') {
    throw new RuntimeError('Runtime.HandlerNotFound', `${variables._HANDLER} is not a function`);
  }
  return handler;
}

async function loadModule(file, name) {
  try {
    const found = ['', '.js', '.mjs', '.cjs'].map((ending) => file + ending).find((candidate) => isFile(candidate));
    if (!found)
      throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:\n- /var/runtime/index.mjs`), {
        code: 'MODULE_NOT_FOUND',
      });
    if (found.endsWith('.mjs') || (found.endsWith('.js') && isModulePackage(path.dirname(found)))) {
      return await import(pathToFileURL(found).href);
    }
    return require(found);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError('Runtime.UserCodeSyntaxError', String(error), error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeError('Runtime.ImportModuleError', `Error: ${error.message}`, error);
    }
    throw error;
  }
}

const isFile = (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;

function isModulePackage(folder) {
  const root = variables.LAMBDA_TASK_ROOT;
  for (let at = folder; at.startsWith(root); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (isFile(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
  }
  return false;
}

function makeContext(request, answer) {
  const done = (error, result) => answer(error, result);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: variables.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: variables.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: variables.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: variables.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: variables.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: request.clientContext === undefined ? undefined : JSON.parse(request.clientContext),
    identity: undefined,
    invokedFunctionArn: request.invokedFunctionArn,
    awsRequestId: request.requestId,
    getRemainingTimeInMillis: () => Math.max(request.deadlineMilliseconds - Date.now(), 0),
    done,
    succeed: (result) => done(null, result),
    fail: (error) => done(error ?? 'handled'),
  };
}

/** Runs the handler to its end: a promise, a callback, or an event loop that has run empty. */
function runHandler(handler, request) {
  return new Promise((resolve, reject) => {
    settle = { resolve, reject };
    const context = makeContext(request, (error, result) => answer(error, result, false));
    // A callback waits for the event loop to run empty, unless the handler says otherwise.
    const answer = (error, result, wait) => {
      const finish = () => (error === null || error === undefined ? resolve(result) : reject(error));
      if (wait && context.callbackWaitsForEmptyEventLoop) settle = { resolve: finish, reject };
      else setImmediate(finish);
    };
    try {
      const result = handler(JSON.parse(request.event), context, (error, value) => answer(error, value, true));
      if (typeof result?.then === 'function') result.then(resolve, reject);
    } catch (error) {
      reject(error);
    }
  });
}

const memory = () => Math.ceil(process.memoryUsage.rss() / 1024 / 1024);

async function serve(handler) {
  for (;;) {
    const request = nextRequest();
    requestId = request.requestId;
    variables._X_AMZN_TRACE_ID = request.traceId;
    let answer;
    try {
      const result = await runHandler(handler, request);
      answer = { payload: stringify(result) };
    } catch (error) {
      logFailure('Invoke Error', error);
      answer = { error: toError(error) };
    }
    settle = undefined;
    send({ type: 'done', ...answer, memoryMegabytes: memory() });
  }
}

function stringify(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch (error) {
    throw new RuntimeError('Runtime.MarshalError', 'Unable to stringify response body', error);
  }
}

// The process's own end: an error that no code caught is reported, then the environment is gone.
function crash(title, error, code) {
  logFailure(title, error);
  send({ type: settle ? 'done' : 'init-error', error: toError(error), memoryMegabytes: memory(), last: true });
  process.exit(code);
}
process.on('uncaughtException', (error) => crash('Uncaught Exception', error, 129));
process.on('unhandledRejection', (reason) => {
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason), reason);
  crash('Unhandled Promise Rejection', error, 128);
});
process.on('beforeExit', () => settle?.resolve(undefined));

(async () => {
  let handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    logFailure('Uncaught Exception', error);
    send({ type: 'init-error', error: toError(error), memoryMegabytes: memory() });
    process.exit(1);
  }
  send({ type: 'ready' });
  await serve(handler);
})();
