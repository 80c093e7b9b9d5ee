# lawrec predict and lawrec serve, without TensorFlow:
#     docker build --tag lawrec .
#     docker run --publish 127.0.0.1:8765:8765 lawrec
#     docker run --interactive lawrec predict < facts.txt
# With a bundle of your own: --volume "$PWD/mine.lawrec:/models/mine.lawrec:ro" lawrec serve --host 0.0.0.0 --model /models/mine.lawrec
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/predict.txt requirements/serve.txt requirements/
COPY constraints.txt .
RUN pip install --no-cache-dir --prefix /install --constraint constraints.txt --requirement requirements/serve.txt
COPY . .
RUN pip install --no-cache-dir --prefix /install --no-deps .

FROM python:3.12-slim
COPY --from=build /install /usr/local
RUN useradd --system --uid 10001 --home-dir /work --create-home lawrec
WORKDIR /work
USER lawrec
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/health/ready', timeout=4)"]
ENTRYPOINT ["lawrec"]
CMD ["serve", "--host", "0.0.0.0"]
