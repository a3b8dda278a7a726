// Requests that a client sends without waiting for replies (RFC 9112 §9.3.2). Node would parse whatever a read has brought,
// hundreds of requests, and read on while they wait for each other; two thousand such connections hold the event loop for
// seconds and take a gigabyte. Here the parser gets what has come in pieces: at once what is short and has nothing
// before it on its connection, as almost everything is; else by turns with the other connections, so many requests a turn
// of the event loop, and none while `unansweredMax` requests of the connection are not answered. What is not read stays in
// the kernel, which holds the client back.
// A piece may hold fifty requests for replies of a megabyte, so a request that was parsed is served only when it is due:
// nothing of a connection while a reply to it is stuck, and of calls whose replies may be large one at a time, since its size is not
// known before it is there. A reply is answered (`close`) when the kernel has all of it.
// How: between a socket and Node's own listener for its data is one that checks how long a piece is and whether a
// request is still to be answered (both are public events: Node then leaves the socket to JavaScript). The first time that
// a client is ahead of its replies, or sends much, the piece goes back into the socket, which from then on is read
// by `readable`, as much as is wanted. Node stops a socket, for replies that are not taken and for bodies that are not read,
// by `pause()` and `resume()`, which then hold and release the pieces.
// Limits: of a connection, `unansweredMax` requests and a piece's, and the 64 KiB that a socket buffers. The time in which
// a request has to be complete goes on for one that is cut by a piece and waits behind a long poll; and behind one, the
// end of a connection with so many waiting is heard when the poll ends.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** More make nothing faster: the replies go out one after the other. */
const unansweredMax = 32;
/** A dozen renewals, or a registration. */
const pieceOctets = 1024;
/** A millisecond or two; loop-turns.ts lets in twice as many, so connections that wait for replies have half of each turn. */
const requestsPerTurnMax = 64;
/** So much of a reply is in this process and not in the kernel's: the client does not read. */
const stuckOctets = 16 * 1024;
/** Their replies are of a few kilobytes at most. */
const smallReplies: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE']);

type Listener = (this: Socket, piece: Buffer) => void;
type NextTurn = (callback: () => void) => void;
type Serve = (request: IncomingMessage, response: ServerResponse) => void;

interface Parsed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serve: Serve;
}

export class Pipelines {
  readonly #nextTurn: NextTurn;
  readonly #ofSocket = new WeakMap<Socket, Pipeline>();
  #line: Pipeline[] = [];
  #isTurnAsked = false;
  #entered = 0;

  /** `nextTurn` runs its argument once whatever the sockets have brought was looked at: `setImmediate`. */
  constructor(nextTurn: NextTurn = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** Placed between a socket and the parser; to be called once the HTTP server has added its listeners to it. */
  pace(socket: Socket): void {
    this.#ofSocket.set(socket, new Pipeline(socket, this.#join));
  }

  /** The parser has met a request: `serve` is called when it is due. This is on the path of every renewal. */
  entered(request: IncomingMessage, response: ServerResponse, serve: Serve): void {
    this.#entered++;
    const pipeline = this.#ofSocket.get(request.socket);
    if (pipeline === undefined) serve(request, response);
    else {
      // One listener for all responses.
      response.on('close', this.#answered);
      pipeline.entered(request, response, serve);
    }
  }

  /** `response` is `this`. */
  readonly #answered = this.#answeredBy();

  #answeredBy(): (this: ServerResponse) => void {
    const ofSocket = this.#ofSocket;
    return function answered() {
      ofSocket.get(this.req.socket)?.answered(this.req);
    };
  }

  readonly #join = (pipeline: Pipeline): void => {
    this.#line.push(pipeline);
    this.#askForTurn();
  };

  #askForTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    this.#nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isTurnAsked = false;
    this.#entered = 0;
    const line = this.#line;
    this.#line = [];
    let at = 0;
    for (; at < line.length && this.#entered < requestsPerTurnMax; at++) (line[at] as Pipeline).takePiece();
    // A connection with more data went to the end.
    this.#line = [...line.slice(at), ...this.#line];
    if (this.#line.length > 0) this.#askForTurn();
  };
}

/** One connection. */
class Pipeline {
  readonly #socket: Socket;
  readonly #join: (pipeline: Pipeline) => void;
  readonly #parsers: readonly Listener[];
  #unanswered = 0;
  /** The call that is being served and whose reply may be large. */
  #large: IncomingMessage | undefined;
  /** Parsed and not served yet, in order. */
  #parsed: Parsed[] = [];
  /** Octets that are still to come of the body that is being read, or some more. */
  #bodyOctets = 0;
  /** Until then the socket flows, and Node itself pauses and resumes it: nothing may be read from it. */
  #isInPieces = false;
  #isHeld = false;
  #isInLine = false;

  constructor(socket: Socket, join: (pipeline: Pipeline) => void) {
    this.#socket = socket;
    this.#join = join;
    this.#parsers = socket.listeners('data') as Listener[];
    socket.removeAllListeners('data');
    socket.on('data', this.#came);
  }

  entered(request: IncomingMessage, response: ServerResponse, serve: Serve): void {
    this.#unanswered++;
    const length = request.headers['content-length'];
    this.#bodyOctets = length === undefined ? 0 : Number(length);
    if (this.#parsed.length === 0 && this.#mayServe(request)) this.#serve({ request, response, serve });
    else this.#parsed.push({ request, response, serve });
  }

  answered(request: IncomingMessage): void {
    this.#unanswered--;
    if (this.#large === request) this.#large = undefined;
    if (this.#parsed.length > 0) this.#serveWhatIsDue();
    if (this.#isInPieces && this.#socket.readableLength > 0) this.#goOn();
  }

  #serveWhatIsDue(): void {
    if (this.#socket.destroyed) this.#parsed = [];
    for (let next = this.#parsed[0]; next !== undefined && this.#mayServe(next.request); next = this.#parsed[0]) {
      this.#parsed.shift();
      this.#serve(next);
    }
  }

  #mayServe({ method }: IncomingMessage): boolean {
    if (this.#socket.writableLength >= stuckOctets) return false;
    return this.#large === undefined || smallReplies.has(method as string);
  }

  #serve({ request, response, serve }: Parsed): void {
    if (!smallReplies.has(request.method as string)) this.#large = request;
    serve(request, response);
  }

  /** Lets the parser have one piece; asks for another turn where there is more. */
  takePiece(): void {
    this.#isInLine = false;
    if (!this.#mayParse()) return;
    const socket = this.#socket;
    const octets = Math.min(socket.readableLength, Math.max(pieceOctets, this.#bodyOctets));
    const piece = socket.read(octets) as Buffer | null;
    if (piece === null) return;
    this.#parse(piece);
    // An empty read makes the socket fetch more, or that this was the end.
    if (socket.readableLength > 0) this.#goOn();
    else if (!socket.destroyed) socket.read(0);
  }

  readonly #came = (piece: Buffer): void => {
    if (this.#isNext() && piece.length <= Math.max(pieceOctets, this.#bodyOctets)) this.#parse(piece);
    else {
      this.#readInPieces();
      this.#socket.unshift(piece);
    }
  };

  /** What comes is not behind other requests: it begins one, or goes on with the body of the only one. */
  #isNext(): boolean {
    return this.#unanswered === 0 || (this.#unanswered === 1 && this.#bodyOctets > 0);
  }

  #parse(piece: Buffer): void {
    this.#bodyOctets = Math.max(0, this.#bodyOctets - piece.length);
    for (const parse of this.#parsers) parse.call(this.#socket, piece);
  }

  #readInPieces(): void {
    const socket = this.#socket;
    this.#isInPieces = true;
    socket.removeListener('data', this.#came);
    socket.pause = () => {
      this.#isHeld = true;
      return socket;
    };
    socket.resume = () => {
      if (this.#isHeld) {
        this.#isHeld = false;
        this.#goOn();
      }
      return socket;
    };
    socket.on('readable', () => this.#readable());
  }

  #readable(): void {
    const { readableLength } = this.#socket;
    if (this.#unanswered === 0 && readableLength <= Math.max(pieceOctets, this.#bodyOctets)) this.takePiece();
    else if (this.#bodyOctets > 0 && this.#unanswered === 1) this.takePiece();
    else this.#goOn();
  }

  #mayParse(): boolean {
    return !this.#isHeld && !this.#socket.destroyed && this.#unanswered < unansweredMax;
  }

  #goOn(): void {
    if (this.#isInLine || !this.#mayParse()) return;
    this.#isInLine = true;
    this.#join(this);
  }
}

/** Adds the pace to all connections of a server and all its requests, after `limitConnections` and what serves them. */
export function pacePipelines(server: Server, pipelines = new Pipelines()): void {
  server.on('connection', (socket: Socket) => {
    if (socket.listenerCount('data') > 0) pipelines.pace(socket);
  });
  const listeners = server.listeners('request') as Serve[];
  server.removeAllListeners('request');
  const serve: Serve = (request, response) => {
    for (const listener of listeners) listener.call(server, request, response);
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) =>
    pipelines.entered(request, response, serve),
  );
}
