/**
 * Send one file as the whole body of a request, so that its progress can be shown; fetch cannot tell how far it is.
 * The content type says nothing about the file on purpose: what it is, is seen from its first bytes by the server.
 */

/**
 * @param {string} address @param {File} file @param {(share: number) => void} onProgress 0 to 1
 * @returns {Promise<object>} what the server says of the kept file; rejects with an Error in the server's words
 */
export function upload(address, file, onProgress, makeRequest = () => new XMLHttpRequest()) {
  return new Promise((resolve, reject) => {
    const request = makeRequest();
    request.open("POST", `${address}${address.includes("?") ? "&" : "?"}name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => { if (event.lengthComputable) onProgress(event.loaded / event.total); };
    request.onerror = () => reject(new Error("network"));
    request.onload = () => {
      const answer = read(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(answer);
      else reject(new Error(answer.detail ?? `${request.status}`));
    };
    request.send(file);
  });
}

function read(text) {
  try { return JSON.parse(text); } catch { return {}; }
}
