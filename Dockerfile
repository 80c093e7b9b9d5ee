# lawrec predict and lawrec serve, without TensorFlow:
#     docker build --tag lawrec .
#     docker run --init --publish 127.0.0.1:8765:8765 lawrec
#     docker run --init --interactive lawrec predict < facts.txt
# With a bundle of your own: --volume "$PWD/mine.lawrec:/models/mine.lawrec:ro" lawrec serve --host 0.0.0.0 --model /models/mine.lawrec
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/predict.txt requirements/serve.txt requirements/
COPY constraints.txt .
RUN pip install --no-cache-dir --no-compile --prefix /install --constraint constraints.txt --requirement requirements/serve.txt
# Nothing in the image imports these.
RUN cd /install/lib/python3.12/site-packages && \
    rm -r jieba/analyse jieba/lac_small jieba/posseg onnxruntime/quantization onnxruntime/tools onnxruntime/transformers && \
    find . -type d -name tests -prune -exec rm -r {} +
COPY . .
RUN pip install --no-cache-dir --no-compile --prefix /lawrec --no-deps . && \
    python -m compileall -q --invalidation-mode unchecked-hash /lawrec

FROM python:3.12-slim
COPY --from=build /install /usr/local
# The user may not write compiled modules: without these, each start and each health check would compile
# them again. They stay valid whatever a builder makes of the times of files.
RUN python -W ignore -m compileall -q --invalidation-mode unchecked-hash -x /pip/ /usr/local/lib/python3.12 && \
    useradd --uid 10001 --home-dir /work lawrec && \
    install --directory --owner lawrec --group lawrec /work
COPY --from=build /lawrec /usr/local
WORKDIR /work
# A number, since Kubernetes cannot tell from a name that it is not root.
USER 10001
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/health/ready', timeout=4)"]
ENTRYPOINT ["lawrec"]
CMD ["serve", "--host", "0.0.0.0"]
