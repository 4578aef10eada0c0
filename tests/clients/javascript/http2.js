// Node's `fetch` speaks HTTP/2 only where it is told to: node --import ./http2.js recordings.js

import { Agent, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new Agent({ allowH2: true }));
